import { CowMaskError } from './errors.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { Dataset__Output } from './transport/generated/cowmask/v1/Dataset.js'

/** A set of labeled images that the worker knows. */
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
  /** Per channel, of pixel values scaled to 0..1. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** Whether this version reads its images. Models for any dataset are imported, take steps, predict and are exported. */
  readonly readable: boolean
  /** Whether its images are there: they came with the worker, or were prepared (`npx cowmask data prepare NAME`). */
  readonly ready: boolean
}

/** What reading a dataset showed. */
export interface DatasetInspection {
  readonly dataset: Dataset
  /** Images of each class, in the order of `dataset.classes`. */
  readonly trainCounts: readonly number[]
  readonly testCounts: readonly number[]
  /** SHA-256 over the images and labels, in hexadecimal. */
  readonly digest: string
}

/** Tells which datasets there are, and what is in them. */
export class Datasets {
  constructor(private readonly channel: Channel) {}

  /** Every dataset that the worker knows. */
  async list(call: CallOptions = {}): Promise<Dataset[]> {
    const { datasets } = await this.channel.unary('Datasets.List', {}, call)
    return datasets.map(datasetOf)
  }

  /**
   * Reads a dataset and counts what is there.
   *
   * @throws ConfigError when there is none of that name
   * @throws RemoteError `DATASET_NOT_READABLE`
   */
  async inspect(name: string, call: CallOptions = {}): Promise<DatasetInspection> {
    const { dataset, trainCounts, testCounts, digest } = await this.channel.unary('Datasets.Inspect', { name }, call)
    if (!dataset) throw new CowMaskError('INTERNAL', `The worker's answer about ${name} is empty.`)
    return { dataset: datasetOf(dataset), trainCounts, testCounts, digest }
  }
}

function datasetOf(dataset: Dataset__Output): Dataset {
  const { name, description, classes, height, width, channels, train, test, mean, std, readable, ready } = dataset
  return { name, description, classes, height, width, channels, train, test, mean, std, readable, ready }
}
