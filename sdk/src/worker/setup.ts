import { join, resolve } from 'node:path'

import { CancelledError, ConfigError } from '../errors.js'
import {
  type Accelerator,
  type Variant,
  type WorkerEnvironment,
  accelerators,
  buildEnvironment,
  environmentsFolder,
  finishedEnvironments,
  lockOf,
} from './environment.js'
import { refuseUnknown } from '../option-names.js'
import { cacheFolder, workerSources } from './folders.js'
import { withLock } from './lock.js'
import { PYTHON_MINORS, candidates, notFound, preferred } from './python.js'
import { requireUv } from './uv.js'

/** What setup is doing, for a person to read. */
export interface SetupProgress {
  readonly step: 'wait' | 'python' | 'uv' | 'create' | 'install' | 'check' | 'done'
  readonly message: string
}

/** Options of `setup()`. */
export interface SetupOptions {
  /** What to compute with. Default: `COWMASK_ACCELERATOR`, else `cpu`. */
  readonly accelerator?: Accelerator | undefined
  /** Which locked packages to install. Default: those for the accelerator. */
  readonly variant?: Variant | undefined
  /** Where environments and compiled programs are kept. Default: `COWMASK_CACHE_DIR`, else `cowmask` in the user's cache folder. */
  readonly cacheDir?: string | undefined
  /** Makes the environment anew, though one is there. Default: false. */
  readonly force?: boolean | undefined
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export const SETUP_OPTIONS = [
  'accelerator',
  'variant',
  'cacheDir',
  'force',
  'onProgress',
  'signal',
] as const satisfies readonly (keyof SetupOptions)[]

/** The variant that is asked for. */
export function variantOf({
  variant,
  accelerator = process.env.COWMASK_ACCELERATOR as Accelerator,
}: SetupOptions): Variant {
  return variant ?? acceleratorOf(accelerator)
}

function acceleratorOf(accelerator = 'cpu'): Accelerator {
  const known = accelerators.find((name) => name === accelerator)
  if (known) return known
  const reason = `must be one of ${accelerators.map((name) => `'${name}'`).join(', ')}, but is '${accelerator}'.`
  throw new ConfigError([{ path: 'accelerator', reason }])
}

/** The environment that is there for these options, without asking any interpreter unless `COWMASK_PYTHON` is set. */
export async function findEnvironment(options: SetupOptions = {}): Promise<WorkerEnvironment | undefined> {
  const variant = variantOf(options)
  const cache = options.cacheDir ? resolve(options.cacheDir) : cacheFolder()
  const lock = await lockOf(workerSources().locks, variant)
  const chosen = process.env.COWMASK_PYTHON ? preferred(await candidates(process.env, options.signal)) : undefined
  const [environment] = await finishedEnvironments(cache, variant, lock, chosen?.version)
  return environment
}

/**
 * Makes the worker's Python environment, once for each lock file, Python and accelerator: 800 MB from the package index,
 * hashes checked. Does nothing where it is already there; waits where another process is making it.
 *
 * @throws PythonNotFoundError when `COWMASK_PYTHON` names an interpreter that cannot be used
 * @throws EnvironmentError when a step fails; the message ends with what the step printed
 * @throws CancelledError when the signal aborts
 */
export async function setup(options: SetupOptions = {}): Promise<WorkerEnvironment> {
  refuseUnknown(options, SETUP_OPTIONS)
  const { signal, onProgress } = options
  const variant = variantOf(options)
  const cache = options.cacheDir ? resolve(options.cacheDir) : cacheFolder()
  const tell = (step: SetupProgress['step'], message: string) => onProgress?.({ step, message })
  const present = async () => (options.force ? undefined : findEnvironment(options))
  const done = (environment: WorkerEnvironment) => {
    tell('done', `worker environment ${environment.folder}`)
    return environment
  }
  try {
    const ready = await present()
    if (ready) return done(ready)
    const onWait = ({ pid }: { pid: number }) => tell('wait', `waiting for setup in process ${String(pid)}`)
    const lockFile = join(environmentsFolder(cache), `.${variant}.lock`)
    return await withLock(lockFile, async () => done((await present()) ?? (await build())), { signal, onWait })
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new CancelledError('setup was aborted by its signal.', { cause: signal.reason })
  }

  async function build(): Promise<WorkerEnvironment> {
    tell('python', 'looking for Python 3.12, 3.13 or 3.14')
    const found = await candidates(process.env, signal)
    const python = preferred(found)
    if (!python && process.env.COWMASK_PYTHON) throw notFound(found)
    tell('python', python ? `Python ${python.version ?? ''} at ${python.path}` : 'none found; uv will download one')
    const uv = await requireUv({
      cache,
      // COWMASK_PYTHON says what the worker runs on; uv may be installed with any other.
      pythons: async () =>
        process.env.COWMASK_PYTHON
          ? [...found, ...(await candidates({ ...process.env, COWMASK_PYTHON: '' }, signal))]
          : found,
      signal,
      onInstall: () => {
        tell('uv', 'installing uv, which installs the packages')
      },
    })
    const lock = await lockOf(workerSources().locks, variant)
    return buildEnvironment({
      uv,
      python: python?.path ?? `3.${String(PYTHON_MINORS[0])}`,
      cache,
      variant,
      lock,
      signal,
      onProgress: tell,
    })
  }
}
