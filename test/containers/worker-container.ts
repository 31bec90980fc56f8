import { type ConnectOptions, type CowMask, connect } from 'cowmask'
import { GenericContainer, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers'

import { docker, images } from './docker.js'
import type { Secrets } from './secrets.js'

const PORT = 50051
const CACHE = 'cowmask-test-cache'

export interface WorkerContainerOptions {
  readonly secrets: Secrets
  /** Name of a volume. */
  readonly state?: string
  readonly image?: string
  readonly network?: StartedNetwork
  readonly memoryGb?: number
  /** Name of the volume of compiled programs. Default: one that outlives the tests, so that they compile once. */
  readonly cache?: string
}

/** The image as the documentation runs it: nothing can be written but volumes and /tmp, no capability is left. */
class LockedDown extends GenericContainer {
  constructor({ secrets, state, image = images.worker, network, memoryGb, cache = CACHE }: WorkerContainerOptions) {
    super(image)
    this.hostConfig.ReadonlyRootfs = true
    this.withTmpFs({ '/tmp': 'rw,nosuid,nodev,size=256m' })
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges')
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forLogMessage(/"address"/))
      .withStartupTimeout(60_000)
      .withBindMounts([
        { source: secrets.folder, target: '/run/secrets', mode: 'ro' },
        { source: cache, target: '/cache', mode: 'rw' },
        ...(state === undefined ? [] : [{ source: state, target: '/state', mode: 'rw' as const }]),
      ])
    if (network) this.withNetwork(network).withNetworkAliases('worker')
    if (memoryGb !== undefined) this.withResourcesQuota({ memory: memoryGb })
  }
}

/** A worker of the image. It is gone after the test. */
export interface WorkerContainer extends AsyncDisposable {
  readonly container: StartedTestContainer
  readonly id: string
  /** By which this machine reaches it. */
  readonly address: string
  connect(options?: Partial<ConnectOptions>): Promise<CowMask>
  logs(): Promise<string>
}

export async function startWorker(options: WorkerContainerOptions): Promise<WorkerContainer> {
  const { secrets } = options
  const container = await new LockedDown(options).start()
  const address = `localhost:${String(container.getMappedPort(PORT))}`
  const id = container.getId()
  return {
    container,
    id,
    address,
    connect: (more = {}) => connect({ address, token: secrets.token, tls: secrets.tls, timeoutMs: 60_000, ...more }),
    logs: async () => docker('logs', id),
    async [Symbol.asyncDispose]() {
      await docker('rm', '--force', '--volumes', id)
    },
  }
}
