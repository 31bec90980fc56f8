import { resolve } from 'node:path'

import { execa } from 'execa'

import { CancelledError, ConfigError, CowMaskError } from '../errors.js'
import { refuseUnknown } from '../option-names.js'
import { dataFolder, workerSources } from './folders.js'
import { setup } from './setup.js'
import { workerVariables } from './variables.js'

/** What is being done, and how far it is, in bytes or in steps. */
export interface PrepareProgress {
  readonly what: string
  readonly done: number
  readonly total: number
}

/** Options of `prepareDataset()`. */
export interface PrepareOptions {
  /**
   * Folder of the official files, or of what TensorFlow Datasets has prepared; they are only read. Default: where a package
   * of the system put them, else they are fetched. `imagenet` is never fetched, and its folder must stay where it is.
   */
  readonly from?: string | undefined
  /**
   * Whether files must have the digests that their makers publish. Files out of CIFAR's archives have none: `false` takes
   * them. Those of TensorFlow Datasets have checksums of their own, which are always checked. Default: true.
   */
  readonly checkDigests?: boolean | undefined
  /** Where prepared datasets are kept. Default: `COWMASK_DATA_DIR`, else `datasets` in `cowmask` in the user's data folder. */
  readonly dataDir?: string | undefined
  /** Interpreter of a worker environment. Default: `COWMASK_WORKER_PYTHON`, else the environment that `setup()` makes. */
  readonly python?: string | undefined
  readonly onProgress?: ((progress: PrepareProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

interface Line {
  readonly progress?: PrepareProgress
  readonly prepared?: string
  readonly error?: { readonly code: string; readonly message: string }
}

/**
 * Makes a named dataset ready to be trained on, and answers its folder. Official files are held to the digests of their
 * makers; a download goes on where an earlier one stopped.
 *
 * @throws ConfigError for a name or a folder that will not do
 * @throws CowMaskError `DATASET_NOT_PREPARED` with every place that was looked at, `DATASET_DAMAGED` with what was found
 * and expected, `UNAVAILABLE` when a file can't be fetched
 * @throws CancelledError when the signal aborts
 */
export async function prepareDataset(name: string, options: PrepareOptions = {}): Promise<string> {
  refuseUnknown(options, ['from', 'checkDigests', 'dataDir', 'python', 'onProgress', 'signal'])
  const { from, checkDigests = true, dataDir, onProgress, signal } = options
  const python = options.python ?? process.env.COWMASK_WORKER_PYTHON ?? (await setup({ signal })).python
  const folders = ['--data-dir', dataDir ? resolve(dataDir) : dataFolder()]
  const source = from === undefined ? [] : ['--from', resolve(from)]
  const digests = checkDigests ? [] : ['--no-digests']
  const args = ['-I', workerSources().program, 'prepare', ...folders, ...source, ...digests, '--', name]
  const preparing = execa(python, args, {
    stdin: 'ignore',
    buffer: { stdout: false },
    reject: false,
    extendEnv: false,
    env: workerVariables(),
    ...(signal && { cancelSignal: signal }),
  })
  let last: Line = {}
  for await (const text of preparing) {
    last = JSON.parse(text) as Line
    if (last.progress) onProgress?.(last.progress)
  }
  const { isCanceled, stderr } = await preparing
  if (isCanceled) throw new CancelledError(`Preparing ${name} was cancelled.`, { cause: signal?.reason })
  if (last.prepared !== undefined) return last.prepared
  const { code, message } = last.error ?? {
    code: 'INTERNAL',
    message: `Preparing ${name} ended early: ${stderr.trim()}`,
  }
  if (code === 'INVALID_OPTION')
    throw new ConfigError([{ path: from === undefined ? 'name' : 'from', reason: message }])
  throw new CowMaskError(code, message, { hint: '' })
}
