import { ConfigError, CowMaskError } from './errors.js'
import { type Checkpoint, type Score, checkpointOf, scoreOf } from './events.js'
import { type ImageBatch, checkImages } from './images.js'
import { type LeafNames, leafNames } from './leaf-names.js'
import { refuseUnknown } from './option-names.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import { type Tensor, expectTensor } from './transport/tensor.js'
import { exchangeTensors, receiveTensors } from './transport/tensor-call.js'
import { writeSafetensors, writeWeights } from './weights/file.js'

/** Names the weights of one checkpoint. */
export interface ModelOptions {
  /** Id of the run that trained it. */
  readonly run: string
  /** Default: `teacher`. */
  readonly weights?: 'teacher' | 'student' | undefined
  /** Step of the checkpoint. Default: the newest that verifies. */
  readonly step?: number | undefined
}

/** What a model says about images. */
export interface Prediction {
  /** The most probable class of each image. */
  readonly labels: Int32Array
  /** Row-major, `classes` numbers an image; each row sums to 1. */
  readonly probabilities: Float32Array
  /** Number of classes. */
  readonly classes: number
}

/** A model's score on a split of its own dataset. */
export interface EvaluationResult extends Score {
  /** Images that were scored. */
  readonly count: number
  /** Step of the checkpoint. */
  readonly step: number
}

/** Parameters and statistics of a model, by name. */
export class ExportedModel {
  constructor(readonly tensors: ReadonlyMap<string, Tensor>) {}

  /**
   * Writes all tensors as one file by its extension, `.safetensors` or `.npz`.
   *
   * @throws ConfigError at `path`
   */
  async write(path: string): Promise<void> {
    await writeWeights(path, this.tensors)
  }

  /** Writes all tensors as one safetensors file, whatever its name. */
  async writeSafetensors(path: string): Promise<void> {
    await writeSafetensors(path, this.tensors)
  }
}

/** Uses what runs have trained. */
export class Models {
  constructor(private readonly channel: Channel) {}

  /**
   * Classifies images of the size that the model was trained on: `Uint8Array` 0..255 or `Float32Array` 0..1.
   *
   * @throws ConfigError when the images don't fit
   * @throws RemoteError `RUN_NOT_FOUND`, `CHECKPOINT_NOT_FOUND`
   */
  async predict(
    { images, ...model }: ModelOptions & { readonly images: ImageBatch },
    call: CallOptions = {},
  ): Promise<Prediction> {
    const selector = selectorOf(model)
    checkImages(images)
    const tensors = await exchangeTensors(this.channel, 'Models.Predict', { model: selector }, images, call)
    const labels = expectTensor(tensors, 'labels', Int32Array)
    const probabilities = expectTensor(tensors, 'probabilities', Float32Array)
    return { labels: labels.data, probabilities: probabilities.data, classes: probabilities.shape[1] ?? 0 }
  }

  /**
   * Scores a checkpoint on a split of the run's dataset, by default `test`.
   *
   * @throws RemoteError `RUN_NOT_FOUND`, `CHECKPOINT_NOT_FOUND`, `DATASET_NOT_READABLE`
   */
  async evaluate(
    { split, ...model }: ModelOptions & { readonly split?: 'test' | 'validation' | 'train' | undefined },
    call: CallOptions = {},
  ): Promise<EvaluationResult> {
    const request = { model: selectorOf(model), ...(split === undefined ? {} : { split }) }
    const { score, count, step } = await this.channel.unary('Models.Evaluate', request, call)
    if (!score) throw new CowMaskError('INTERNAL', "The worker's answer holds no score.")
    return { ...scoreOf(score), count, step }
  }

  /**
   * Fetches every parameter and statistic, with `names: 'reference'` under the names of the authors' code.
   *
   * @throws RemoteError `RUN_NOT_FOUND`, `CHECKPOINT_NOT_FOUND`
   */
  async export(
    { names, ...model }: ModelOptions & { readonly names?: LeafNames | undefined },
    call: CallOptions = {},
  ): Promise<ExportedModel> {
    const request = { model: selectorOf(model), ...leafNames(names) }
    return new ExportedModel(await receiveTensors(this.channel, 'Models.Export', request, call))
  }

  /** The checkpoints of a run, oldest first. */
  async checkpoints(run: string, call: CallOptions = {}): Promise<Checkpoint[]> {
    const { checkpoints } = await this.channel.unary('Models.Checkpoints', { runId: run }, call)
    return checkpoints.map(checkpointOf)
  }
}

function selectorOf(model: ModelOptions): { runId: string; weights?: string; step?: number } {
  refuseUnknown(model, ['run', 'weights', 'step'])
  const { run, weights, step } = model
  const wrong = (path: string, reason: string) => new ConfigError([{ path, reason }])
  if (typeof run !== 'string' || run === '') throw wrong('run', 'must be the id of a run.')
  if (weights !== undefined && !['teacher', 'student'].includes(weights))
    throw wrong('weights', `must be 'teacher' or 'student', but is '${weights as string}'.`)
  if (step !== undefined && !(Number.isInteger(step) && step >= 0))
    throw wrong('step', `must be a whole number from 0 up, but is ${String(step)}.`)
  return { runId: run, ...(weights === undefined ? {} : { weights }), ...(step === undefined ? {} : { step }) }
}
