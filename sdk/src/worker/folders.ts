import { existsSync, mkdtempSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

type Variables = Readonly<Record<string, string | undefined>>

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Where the worker's program lies. */
export interface WorkerSources {
  /** What Python is started with. */
  readonly program: string
  /** The table of options, from which the worker takes ranges and defaults. */
  readonly options: string
  /** Folder of the hashed requirements, one file an accelerator. */
  readonly locks: string
}

/** The worker of this repository, else the one that the published package carries. */
export function workerSources(): WorkerSources {
  const repository = here('../../../server-py')
  if (existsSync(join(repository, 'cowmask_worker', '__main__.py')))
    return {
      program: join(repository, 'run.py'),
      options: here('../../../proto/cowmask/v1/options.json'),
      locks: join(repository, 'locks'),
    }
  const carried = here('../../worker')
  return {
    program: join(carried, 'run.py'),
    options: join(carried, 'proto', 'cowmask', 'v1', 'options.json'),
    locks: join(carried, 'locks'),
  }
}

/** The folder for worker environments and compiled programs: `COWMASK_CACHE_DIR`, else the user's cache folder. */
export function cacheFolder(variables: Variables = process.env, platform: NodeJS.Platform = process.platform): string {
  if (variables.COWMASK_CACHE_DIR) return resolve(variables.COWMASK_CACHE_DIR)
  if (variables.XDG_CACHE_HOME) return join(variables.XDG_CACHE_HOME, 'cowmask')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'cowmask')
  if (platform === 'win32')
    return join(variables.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'cowmask', 'cache')
  return join(homedir(), '.cache', 'cowmask')
}

/** The folder for runs and checkpoints: `COWMASK_STATE_DIR`, else the user's data folder. */
export function stateFolder(variables: Variables = process.env, platform: NodeJS.Platform = process.platform): string {
  if (variables.COWMASK_STATE_DIR) return resolve(variables.COWMASK_STATE_DIR)
  if (variables.XDG_DATA_HOME) return join(variables.XDG_DATA_HOME, 'cowmask')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'cowmask')
  if (platform === 'win32')
    return join(variables.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'cowmask', 'data')
  return join(homedir(), '.local', 'share', 'cowmask')
}

/** The folder for prepared datasets: `COWMASK_DATA_DIR`, else one in the user's data folder. */
export function dataFolder(variables: Variables = process.env, platform: NodeJS.Platform = process.platform): string {
  if (variables.COWMASK_DATA_DIR) return resolve(variables.COWMASK_DATA_DIR)
  return join(stateFolder({ ...variables, COWMASK_STATE_DIR: undefined }, platform), 'datasets')
}

/** The folder of compiled programs. Whoever writes there runs code in the worker, so it is the user's alone. */
export async function compileCacheFolder(cache = cacheFolder(), variables: Variables = process.env): Promise<string> {
  const folder = variables.JAX_COMPILATION_CACHE_DIR
    ? resolve(variables.JAX_COMPILATION_CACHE_DIR)
    : join(cache, 'compiled')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

// The kernel keeps 108 bytes for a socket's path, the last for a zero.
const SOCKET_PATH_BYTES = 107

/**
 * A fresh folder that only this user can enter, for the worker's sockets; where it can, short enough for their paths. Made at
 * once, so that the worker can be told of it in the same moment: from then on it is the worker that removes it.
 */
export function privateFolder(variables: Variables = process.env): string {
  const bases = [variables.XDG_RUNTIME_DIR, tmpdir(), process.platform === 'win32' ? undefined : '/tmp']
  const present = bases.filter((base) => base !== undefined && existsSync(base)) as string[]
  const short = present.find(
    (base) => Buffer.byteLength(join(base, 'cowmask-XXXXXX', 'worker.sock')) <= SOCKET_PATH_BYTES,
  )
  return mkdtempSync(join(short ?? tmpdir(), 'cowmask-'))
}
