import { existsSync } from 'node:fs'

import { DATASET_NAME, datasetImportOptions } from './config/dataset-import.js'
import { inspectOptions } from './config/inspect-options.js'
import type { DatasetImportOptions, InspectOptions, ModelConfig } from './config/option-types.js'
import { parse } from './config/parse.js'
import { toMessage } from './config/to-message.js'
import { type RootedPath, sourceOf } from './data-source.js'
import { DatasetInspection } from './dataset-inspection.js'
import { ConfigError, CowMaskError } from './errors.js'
import { type ImageBatch, checkImages } from './images.js'
import { refuseUnknown } from './option-names.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { ResponseOf } from './transport/contract.js'
import type { Dataset__Output } from './transport/generated/cowmask/v1/Dataset.js'
import type { Tensor } from './transport/tensor.js'
import { sendTensors } from './transport/tensor-call.js'

/** A set of images that the worker knows. */
export interface Dataset {
  readonly name: string
  readonly description: string
  readonly classes: readonly string[]
  /** In pixels. */
  readonly height: number
  readonly width: number
  readonly channels: number
  /** Number of training and of test images. */
  readonly train: number
  readonly test: number
  /** Images that the source itself has put aside for validation, beside `train`. */
  readonly validation: number
  /** Labeled training images of each class, in the order of `classes`; empty: every training image has a label. */
  readonly labelCounts: readonly number[]
  /** Per channel, of pixel values scaled to 0..1. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** Whether its images are there: they came with the worker, were prepared (`npx cowmask data prepare NAME`) or imported. */
  readonly ready: boolean
  /** Whether it was imported. */
  readonly imported: boolean
  /** What is kept of the images: themselves, or where their files are. */
  readonly storage: 'pixels' | 'files'
  /** How images got their size; image files that a model is asked about get it alike, if pixels are kept. */
  readonly resize: 'crop' | 'stretch' | 'pad'
  /** SHA-256 over all that was imported, in hexadecimal; empty for sets that the worker knows by name. */
  readonly digest: string
  /** What was decided when it was imported, a sentence each. */
  readonly notes: readonly string[]
}

/** Options of `datasets.inspect()`. What concerns an import suits sources that are not imported yet. */
export interface InspectDatasetOptions extends Omit<InspectOptions, 'model'>, CallOptions {
  /** The network whose memory and speed are measured. Default: nothing is measured. */
  readonly model?: ModelConfig | undefined
}

/** Images and labels of a script's own. */
export interface DatasetArrays {
  /** Training images. */
  readonly images: ImageBatch<Uint8Array>
  /** Their classes, from 0; -1 for an image without a label. */
  readonly labels: Int32Array
  /** More training images, without labels. */
  readonly unlabeled?: ImageBatch<Uint8Array> | undefined
  readonly testImages?: ImageBatch<Uint8Array> | undefined
  readonly testLabels?: Int32Array | undefined
  readonly validationImages?: ImageBatch<Uint8Array> | undefined
  readonly validationLabels?: Int32Array | undefined
  /** Names of the classes. Default: their numbers. */
  readonly classes?: readonly string[] | undefined
}

/** How far an import is. */
export interface ImportProgress {
  /** Such as `read images`. */
  readonly what: string
  readonly done: number
  readonly total: number
}

/** Options of `datasets.import()`. */
export interface ImportDatasetOptions extends DatasetImportOptions, CallOptions {
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

const ARRAYS = {
  images: 'images',
  labels: 'labels',
  unlabeled: 'unlabeled',
  testImages: 'test_images',
  testLabels: 'test_labels',
  validationImages: 'validation_images',
  validationLabels: 'validation_labels',
} as const satisfies Partial<Record<keyof DatasetArrays, string>>

const ARRAYS_TOO = 'must be a path, { root, path }, or arrays with `images`.'

/** Tells which datasets there are and what is in them, and takes in your own. */
export class Datasets {
  /** `roots` are the data roots of a worker that was launched here, by their names. */
  constructor(
    private readonly channel: Channel,
    private readonly roots: Readonly<Record<string, string>> = {},
  ) {}

  /** Every dataset that the worker knows. */
  async list(call: CallOptions = {}): Promise<Dataset[]> {
    const { datasets } = await this.channel.unary('Datasets.List', {}, call)
    return datasets.map(datasetOf)
  }

  /**
   * Looks at every image of a dataset, or of a source that is not imported yet: what there is, what is wrong with it,
   * what an import would make of it, and what is advised. With a `model`, also what training it takes. Nothing is
   * stored, and what is wrong with images is told, not thrown.
   *
   * @param what a dataset's name, or a source as that of `import()`; a folder beside the script whose name could be that
   *   of a dataset is written `./photos`
   * @throws ConfigError when there is no dataset of that name, or a path or an option is wrong
   * @throws RemoteError `DATASET_UNUSABLE` where a source is nothing that can be read as a dataset at all,
   *   `DATASET_NOT_PREPARED`
   */
  async inspect(
    what: string | RootedPath,
    { signal, timeoutMs, ...options }: InspectDatasetOptions = {},
  ): Promise<DatasetInspection> {
    const message = toMessage('InspectOptions', parse(inspectOptions, options))
    const named = typeof what === 'string' && new RegExp(DATASET_NAME).test(what)
    const wanted = named ? { name: what } : { source: sourceOf(what, this.roots) }
    try {
      const call = { signal, timeoutMs }
      const response = await this.channel.unary('Datasets.Inspect', { ...wanted, options: message }, call)
      return new DatasetInspection(response.dataset ? datasetOf(response.dataset) : undefined, response)
    } catch (error) {
      if (!named || !existsSync(what) || !(error instanceof ConfigError)) throw error
      throw new ConfigError(
        error.violations.map((each) =>
          each.path === 'name' ? { ...each, reason: `${each.reason}; for the path, write './${what}'` } : each,
        ),
        { cause: error },
      )
    }
  }

  /**
   * Takes images of yours as a dataset, to be trained on under its name. What was decided on the way, such as the size
   * that images get, stands in `notes` of the answer. What the source holds is only read.
   *
   * A source is a folder (`labeled/<class>/*`, `unlabeled/**`, where wanted `test/<class>/*` and `validation/<class>/*`),
   * a `.csv` table (`path,label,split`), an `.npz` file or a folder of `.npy` files (`images`, `labels`, ...), or arrays.
   *
   * @throws ConfigError when a name, path, array or option is wrong
   * @throws RemoteError `DATASET_UNUSABLE` with every image and folder that is not as it should be, `DATASET_EXISTS`
   */
  async import(
    name: string,
    source: string | RootedPath | DatasetArrays,
    { onProgress, signal, timeoutMs, ...options }: ImportDatasetOptions = {},
  ): Promise<Dataset> {
    const call = { signal, timeoutMs }
    const message = toMessage('DatasetImportOptions', parse(datasetImportOptions, options))
    const read = async (answers: AsyncIterable<ResponseOf<'Datasets.Import'>>): Promise<Dataset> => {
      let imported: Dataset__Output | null = null
      for await (const { progress, dataset } of answers) {
        if (progress) onProgress?.({ what: progress.what, done: progress.done, total: progress.total })
        imported = dataset ?? null
      }
      if (!imported) throw new CowMaskError('INTERNAL', "The worker's answer holds no dataset.")
      return datasetOf(imported)
    }
    const arrays = typeof source === 'object' && 'images' in source ? source : undefined
    const wanted = arrays
      ? { name, classes: [...(arrays.classes ?? [])], options: message }
      : { name, source: sourceOf(source, this.roots, ARRAYS_TOO), options: message }
    const tensors = arrays ? tensorsOf(arrays) : new Map<string, Tensor>()
    return sendTensors(this.channel, 'Datasets.Import', { dataset: wanted }, tensors, read, call)
  }

  /**
   * Removes an imported dataset; what it was imported from stays. Models that were trained on it go on predicting.
   *
   * @throws ConfigError when there is no imported dataset of that name
   */
  async remove(name: string, call: CallOptions = {}): Promise<void> {
    await this.channel.unary('Datasets.Remove', { name }, call)
  }
}

function tensorsOf(arrays: DatasetArrays): Map<string, Tensor> {
  refuseUnknown(arrays, [...(Object.keys(ARRAYS) as (keyof typeof ARRAYS)[]), 'classes'])
  const tensors = new Map<string, Tensor>()
  for (const [option, name] of Object.entries(ARRAYS)) {
    const value: unknown = arrays[option as keyof typeof ARRAYS]
    if (value === undefined) continue
    const path = `arrays.${option}`
    if (option.toLowerCase().endsWith('labels')) {
      if (!(value instanceof Int32Array)) throw new ConfigError([{ path, reason: 'must be an Int32Array.' }])
      tensors.set(name, { data: value, shape: [value.length] })
    } else {
      checkImages(value as ImageBatch, path)
      if (!((value as ImageBatch).data instanceof Uint8Array))
        throw new ConfigError([{ path: `${path}.data`, reason: 'must be a Uint8Array.' }])
      tensors.set(name, value as ImageBatch)
    }
  }
  return tensors
}

/** A dataset as the worker tells it. */
export function datasetOf(dataset: Dataset__Output): Dataset {
  const { name, description, classes, height, width, channels, train, test, validation, labelCounts } = dataset
  const { mean, std, ready, imported, digest, notes } = dataset
  const storage = dataset.storage as Dataset['storage']
  const resize = (dataset.resize || 'crop') as Dataset['resize']
  const size = { height, width, channels, train, test, validation, labelCounts }
  return { name, description, classes, ...size, mean, std, ready, imported, storage, resize, digest, notes }
}
