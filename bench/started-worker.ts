import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CowMask } from 'cowmask'
import { Channel } from '../sdk/src/transport/channel.js'
import { WorkerProcess } from '../sdk/src/worker/spawn.js'
import { workerPython } from './python.js'

/** A worker with what `launch()` keeps to itself. */
export interface StartedWorker extends AsyncDisposable {
  readonly cowmask: CowMask
  readonly channel: Channel
  readonly pid: number
}

export interface StartedWorkerOptions {
  /** Default: a folder of its own. */
  readonly stateDir?: string
  /** What to run in place of the bundled worker. */
  readonly program?: string
}

export async function startWorker({ stateDir, program }: StartedWorkerOptions = {}): Promise<StartedWorker> {
  const folder = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  const { worker, ready, token } = await WorkerProcess.start({
    python: await workerPython(),
    program,
    stateDir: stateDir ?? join(folder, 'state'),
    dataDir: join(folder, 'data'),
    dataRoots: {},
    startTimeoutMs: 60_000,
    closeGraceMs: 8000,
    log: 'warning',
  })
  const channel = new Channel({ address: ready.address, token, worker })
  const cowmask = new CowMask(channel, worker)
  return {
    cowmask,
    channel,
    pid: ready.pid,
    async [Symbol.asyncDispose]() {
      await cowmask.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
