import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'

import { ConfigError, EnvironmentError, ProtocolMismatchError } from './errors.js'
import { type TlsOptions, type TokenSource, readTls, readToken } from './credentials.js'
import { Datasets } from './datasets.js'
import { Experiments } from './experiments.js'
import { Masks } from './masks.js'
import { Models } from './models.js'
import { refuseUnknown } from './option-names.js'
import { Splits } from './splits.js'
import { System } from './system.js'
import { isLocal } from './transport/address.js'
import { type CallOptions, limitsOf } from './transport/call-options.js'
import { Channel, type Liveness } from './transport/channel.js'
import { makeFirstContact } from './transport/first-contact.js'
import { secureContext } from './transport/tls.js'
import { PROTOCOL, version } from './version.js'
import { dataFolder, stateFolder } from './worker/folders.js'
import { SETUP_OPTIONS, type SetupOptions, type SetupProgress, findEnvironment, setup } from './worker/setup.js'
import { WorkerProcess } from './worker/spawn.js'

interface Stoppable extends Liveness {
  stop(): Promise<void>
}

/** A client of one worker. `await using` closes it; so does `close()`. */
export class CowMask implements AsyncDisposable {
  readonly masks: Masks
  readonly experiments: Experiments
  readonly datasets: Datasets
  readonly splits: Splits
  readonly models: Models
  readonly system: System
  private closing: Promise<void> | undefined

  /** Made by `launch()` and `connect()`. */
  constructor(
    private readonly channel: Channel,
    private readonly worker?: Stoppable,
    dataRoots: Readonly<Record<string, string>> = {},
  ) {
    this.masks = new Masks(channel)
    this.experiments = new Experiments(channel)
    this.datasets = new Datasets(channel, dataRoots)
    this.splits = new Splits(channel)
    this.models = new Models(channel, dataRoots)
    this.system = new System(channel)
  }

  /**
   * Ends every call with `CancelledError` (`CLIENT_CLOSED`), and stops the worker if `launch()` started it: its runs write
   * a checkpoint and are cancelled. A worker that was connected to goes on. Closing twice is fine.
   */
  close(): Promise<void> {
    this.closing ??= this.closeOnce()
    return this.closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async closeOnce(): Promise<void> {
    this.channel.close()
    await this.worker?.stop()
  }
}

/** Options of `launch()`. What setup does, where it has to, goes to stderr unless `onProgress` takes it. */
export interface LaunchOptions extends Omit<SetupOptions, 'force'> {
  /**
   * Interpreter of a worker environment to use as it is. Default: `COWMASK_WORKER_PYTHON`, else the environment that
   * `setup()` makes.
   */
  readonly python?: string | undefined
  /** Whether to make the worker environment where it is missing; takes minutes and a network. Default: true. */
  readonly setup?: boolean | undefined
  /** Where runs and checkpoints are kept. Default: `COWMASK_STATE_DIR`, else `cowmask` in the user's data folder. */
  readonly stateDir?: string | undefined
  /** Where datasets are kept. Default: `COWMASK_DATA_DIR`, else `datasets` in `cowmask` in the user's data folder. */
  readonly dataDir?: string | undefined
  /** Folders, by a name for each, from which datasets may be imported; they are only read. Default: the current folder. */
  readonly dataRoots?: Readonly<Record<string, string>> | undefined
  /** Milliseconds until a worker that doesn't answer is given up. Default: 30,000. */
  readonly startTimeoutMs?: number | undefined
  /** Milliseconds that `close()` leaves the worker to end by itself. Default: 8,000. */
  readonly closeGraceMs?: number | undefined
  /** Variables for the worker, beside those it is allowed to inherit. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** What the worker writes to its log. Default: `info`. */
  readonly log?: 'debug' | 'info' | 'warning' | 'error' | undefined
  /** Called with every line of the worker's log. */
  readonly onLog?: ((line: string) => void) | undefined
}

const OWN_OPTIONS = [
  'python',
  'setup',
  'stateDir',
  'dataDir',
  'dataRoots',
  'startTimeoutMs',
  'closeGraceMs',
  'env',
  'log',
  'onLog',
] as const
const LAUNCH_OPTIONS: readonly (keyof LaunchOptions)[] = [
  ...OWN_OPTIONS,
  ...SETUP_OPTIONS.filter((name) => name !== 'force'),
]

/**
 * Starts the bundled worker and connects to it. The worker ends with this process, however that ends.
 *
 * @throws PythonNotFoundError, EnvironmentError when there is no environment for the worker, and none can be made
 * @throws StartError, ProtocolMismatchError when the worker doesn't come up within `startTimeoutMs`
 * @throws CancelledError when the signal aborts; nothing is left running
 */
export async function launch(options: LaunchOptions = {}): Promise<CowMask> {
  refuseUnknown(options, LAUNCH_OPTIONS)
  const { startTimeoutMs = 30_000, closeGraceMs = 8000, env, log, onLog, signal } = options
  const python = options.python ?? process.env.COWMASK_WORKER_PYTHON ?? (await environmentPython(options))
  const stateDir = options.stateDir ? resolve(options.stateDir) : stateFolder()
  const dataRoots = rootsOf(options.dataRoots ?? { current: '.' })
  const { worker, ready, token } = await WorkerProcess.start({
    python,
    stateDir,
    dataDir: options.dataDir ? resolve(options.dataDir) : dataFolder(),
    dataRoots,
    cacheDir: options.cacheDir && resolve(options.cacheDir),
    startTimeoutMs,
    closeGraceMs,
    env,
    log,
    onLog,
    signal,
  })
  return new CowMask(new Channel({ address: ready.address, token, worker }), worker, dataRoots)
}

/** Resolved, without links, as the worker sees them. */
function rootsOf(roots: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(roots).map(([name, folder]) => {
      if (!existsSync(folder))
        throw new ConfigError([
          { path: `dataRoots.${name}`, reason: `must be a folder; there is no ${resolve(folder)}.` },
        ])
      return [name, realpathSync(folder)]
    }),
  )
}

function tellOnStderr({ step, message }: SetupProgress): void {
  if (step !== 'done') console.error(`cowmask: ${message}`)
}

async function environmentPython(options: LaunchOptions): Promise<string> {
  const { accelerator, variant, cacheDir, signal, onProgress = tellOnStderr } = options
  const wanted = { accelerator, variant, cacheDir, signal }
  if (options.setup ?? true) return (await setup({ ...wanted, onProgress })).python
  const environment = await findEnvironment(wanted)
  if (environment) return environment.python
  throw new EnvironmentError('There is no worker environment, and `setup: false` forbids making it.', {
    hint: 'Run `npx cowmask setup` once, or launch without `setup: false`.',
  })
}

/** Options of `connect()`. */
export interface ConnectOptions extends CallOptions {
  /** `host:port`, or `unix:/path` of a socket, as the worker printed it. */
  readonly address: string
  /** The worker's token, or where it stands. Default: the variable `COWMASK_TOKEN`. */
  readonly token?: string | TokenSource | undefined
  /** Encrypts; an empty object trusts the authorities that Node trusts. Needed for every address beyond this machine. */
  readonly tls?: TlsOptions | undefined
  /** Send the token in plain text to an address beyond this machine: whoever is on the way may then use it. Default: false. */
  readonly insecure?: boolean | undefined
}

/**
 * Connects to a worker that is already running. `timeoutMs` and `signal` are for the connecting alone; by default it may
 * take 10 seconds.
 *
 * @throws UnavailableError, TimeoutError when nobody answers
 * @throws TlsError when the two do not agree on an encrypted connection; the token was not sent
 * @throws RemoteError `UNAUTHENTICATED` for a wrong token
 * @throws ProtocolMismatchError when the worker speaks another version
 * @throws ConfigError for files that can not be read or hold something else, and for `tls` that is missing
 */
export async function connect(options: ConnectOptions): Promise<CowMask> {
  refuseUnknown(options, ['address', 'token', 'tls', 'insecure', 'signal', 'timeoutMs'])
  const { address, tls, insecure = false, signal, timeoutMs = 10_000 } = options
  const limits = limitsOf({ signal, timeoutMs })
  if (!tls && !insecure && !isLocal(address))
    throw new ConfigError([
      {
        path: 'tls',
        reason: `is required for ${address}, an address beyond this machine: without it everybody on the way reads the token. In a network where all are trusted, \`insecure: true\` does without.`,
      },
    ])
  const token = await readToken(options.token)
  const secure = tls && secureContext(await readTls(tls))
  await makeFirstContact(address, secure, limits)
  const client = new CowMask(new Channel({ address, token, secure }))
  try {
    const info = await client.system.info(limits)
    if (info.protocol === PROTOCOL) return client
    const theirs = `protocol ${String(info.protocol)} (version ${info.workerVersion})`
    const message = `The worker at ${address} speaks ${theirs}, this SDK protocol ${String(PROTOCOL)} (version ${version}).`
    throw new ProtocolMismatchError(message, {
      hint: `Install cowmask ${info.workerVersion} here, or ${version} there.`,
    })
  } catch (error) {
    await client.close()
    throw error
  }
}
