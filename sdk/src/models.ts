import { type RootedPath, sourceOf } from './data-source.js'
import { resolvedExperimentConfig } from './config/from-message.js'
import { ConfigError, CowMaskError } from './errors.js'
import { type Checkpoint, type Score, checkpointOf, scoreOf } from './events.js'
import { FilePredictions, type FileProgress } from './file-predictions.js'
import { type ImageBatch, checkImages } from './images.js'
import { type LeafNames, leafNames } from './leaf-names.js'
import { refuseUnknown } from './option-names.js'
import { type CallOptions, limitsOf } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { EvaluateResponse__Output } from './transport/generated/cowmask/v1/EvaluateResponse.js'
import type { Run__Output } from './transport/generated/cowmask/v1/Run.js'
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

/** How a model answers the images of one class. */
export interface ClassScore {
  readonly name: string
  /** Images that were scored. */
  readonly count: number
  /** Share of them answered rightly, 0..1; NaN without images. */
  readonly accuracy: number
}

/** A model's score on a split of a dataset. */
export interface EvaluationResult extends Score {
  /** Images that were scored: those of the split that have a label. */
  readonly count: number
  /** Step of the checkpoint. */
  readonly step: number
  /** Names of the classes. */
  readonly classes: readonly string[]
  /**
   * How many images of each class were answered with each class, row-major: `confusion[truth * classes.length + answer]`.
   * Empty where there are more than 3,000 classes; then `perClass` is empty, and `balancedAccuracy` NaN.
   */
  readonly confusion: Uint32Array
  /** Every class, in the order of `classes`. */
  readonly perClass: readonly ClassScore[]
  /** Mean accuracy of the classes that have images, each counting alike however many those are, 0..1. */
  readonly balancedAccuracy: number
}

/** Which images a model is scored on. */
export interface EvaluateOptions extends ModelOptions {
  /** Default: `test`. */
  readonly split?: 'test' | 'validation' | 'train' | undefined
  /**
   * Name of a dataset with the same classes and size of images. Its pixels are normalized by the mean and deviation that
   * the model was trained with. Default: the run's own.
   */
  readonly dataset?: string | undefined
}

/** Which files a model is asked about. */
export interface PredictFilesOptions extends ModelOptions, CallOptions {
  /**
   * A folder, of which all images below it are taken, or one image file: a path for a worker that was launched here, or
   * `{ root, path }`. What is hidden and what is no image by its name is passed over.
   */
  readonly source: string | RootedPath
  /** Called with how many files are answered. */
  readonly onProgress?: ((progress: FileProgress) => void) | undefined
}

/** Parameters and statistics of a model, by name. */
export class ExportedModel {
  /** `metadata`: what another program has to know to use the tensors, as texts; lists and objects are JSON. */
  constructor(
    readonly tensors: ReadonlyMap<string, Tensor>,
    readonly metadata: Readonly<Record<string, string>> = {},
  ) {}

  /**
   * Writes all tensors as one file by its extension, `.safetensors` or `.npz`. The former holds the metadata, too.
   *
   * @throws ConfigError at `path`
   */
  async write(path: string): Promise<void> {
    await writeWeights(path, this.tensors, this.metadata)
  }

  /** Writes all tensors as one safetensors file, whatever its name. */
  async writeSafetensors(path: string): Promise<void> {
    await writeSafetensors(path, this.tensors, this.metadata)
  }
}

/** Uses what runs have trained. */
export class Models {
  /** `roots` are the data roots of a worker that was launched here, by their names. */
  constructor(
    private readonly channel: Channel,
    private readonly roots: Readonly<Record<string, string>> = {},
  ) {}

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
   * Classifies image files, which only are read. Each becomes what the images of the run's dataset are when the model is
   * scored on them. Files that can't be used are told among the others.
   *
   * Nothing is asked before the answer is looped over, or written as a table.
   *
   * @throws ConfigError when the source or another option is wrong
   */
  predictFiles({ source, onProgress, signal, timeoutMs, ...model }: PredictFilesOptions): FilePredictions {
    const request = { model: selectorOf(model), source: sourceOf(source, this.roots) }
    const ask = () => this.channel.stream('Models.PredictFiles', request, limitsOf({ signal, timeoutMs }))
    return new FilePredictions(ask, onProgress)
  }

  /**
   * Scores a checkpoint on the labeled images of a split, by default of the run's own `test`.
   *
   * @throws ConfigError when the dataset has other classes or another size of images, or the split no labeled image
   * @throws RemoteError `RUN_NOT_FOUND`, `CHECKPOINT_NOT_FOUND`, `DATASET_NOT_PREPARED`
   */
  async evaluate({ split, dataset, ...model }: EvaluateOptions, call: CallOptions = {}): Promise<EvaluationResult> {
    const request = {
      model: selectorOf(model),
      ...(split === undefined ? {} : { split }),
      ...(dataset === undefined ? {} : { dataset }),
    }
    return evaluationOf(await this.channel.unary('Models.Evaluate', request, call))
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
    const { run } = await this.channel.unary('Experiments.Get', { runId: request.model.runId }, call)
    const tensors = await receiveTensors(this.channel, 'Models.Export', request, call)
    return new ExportedModel(tensors, run ? metadataOf(run, model.weights ?? 'teacher') : {})
  }

  /** The checkpoints of a run, oldest first. */
  async checkpoints(run: string, call: CallOptions = {}): Promise<Checkpoint[]> {
    const { checkpoints } = await this.channel.unary('Models.Checkpoints', { runId: run }, call)
    return checkpoints.map(checkpointOf)
  }
}

function metadataOf({ id, dataset, config }: Run__Output, weights: string): Record<string, string> {
  const { model } = resolvedExperimentConfig(config as unknown as Readonly<Record<string, unknown>>)
  const { name = '', classes, height, width, channels, mean, std } = dataset ?? {}
  const described = { classes, image: [height, width, channels], mean, std, model }
  const texts = Object.entries(described).map(([key, value]) => [key, JSON.stringify(value)])
  return { run: id, weights, dataset: name, ...(Object.fromEntries(texts) as Record<string, string>) }
}

function evaluationOf({ score, count, step, classes, confusion }: EvaluateResponse__Output): EvaluationResult {
  if (!score) throw new CowMaskError('INTERNAL', "The worker's answer holds no score.")
  const matrix = Uint32Array.from(confusion)
  const perClass = matrix.length === 0 ? [] : classes.map((name, place) => classScore(name, place, matrix))
  const accuracies = perClass.flatMap(({ count: images, accuracy }) => (images > 0 ? [accuracy] : []))
  const balancedAccuracy = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length
  return { ...scoreOf(score), count, step, classes, confusion: matrix, perClass, balancedAccuracy }
}

function classScore(name: string, place: number, confusion: Uint32Array): ClassScore {
  const classes = Math.sqrt(confusion.length)
  const row = confusion.subarray(place * classes, (place + 1) * classes)
  const count = row.reduce((sum, images) => sum + images, 0)
  return { name, count, accuracy: (row[place] ?? 0) / count }
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
