import { randomUUID } from 'node:crypto'

import { experimentConfig } from './config/experiment.js'
import { parse } from './config/parse.js'
import { toMessage } from './config/to-message.js'
import type { ExperimentConfig } from './config/types.js'
import { ConfigError, CowMaskError } from './errors.js'
import { type StepMetrics, stepsOf } from './events.js'
import { Experiment } from './experiment.js'
import { type ImageBatch, checkImages } from './images.js'
import { type LeafNames, leafNames } from './leaf-names.js'
import { refuseUnknown } from './option-names.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { ResponseOf } from './transport/contract.js'
import type { Run__Output } from './transport/generated/cowmask/v1/Run.js'
import { type Tensor, collect } from './transport/tensor.js'
import { sendTensors } from './transport/tensor-call.js'
import { checkTensors, unicodeFault } from './weights/check-tensors.js'

/** Options of `experiments.start()`. */
export interface StartOptions extends CallOptions {
  /**
   * Starting twice with the same key and config gives the same run; with another config it is refused
   * (`IDEMPOTENCY_CONFLICT`). Default: a fresh key, the same for all attempts of the call.
   */
  readonly idempotencyKey?: string | undefined
}

/** Options of `experiments.list()`. */
export interface ListOptions extends CallOptions {
  /** Runs asked for at a time, 1..1,000. Default: 100. */
  readonly pageSize?: number | undefined
}

/** Options of `experiments.import()`. */
export interface ImportOptions extends CallOptions {
  /**
   * Importing twice with the same key and config gives the same run, whatever the weights; with another config it is
   * refused (`IDEMPOTENCY_CONFLICT`). Default: a fresh key, the same for all attempts of the call.
   */
  readonly idempotencyKey?: string | undefined
  /** Whose names the weights have. Default: `cowmask`. */
  readonly names?: LeafNames | undefined
}

/** Arrays of one training step, as `experiments.step()` takes them. */
export interface StepInput {
  /**
   * A model, or a whole state: `student/...`, `teacher/...` (absent: the student), `momentum/...` (absent: zero) and
   * `step` (absent: 0), named as in a checkpoint's file.
   */
  readonly state: ReadonlyMap<string, Tensor>
  /** Normalized images, float32. */
  readonly batch: StepBatch
  /** Whose names the state has. Default: `cowmask`. */
  readonly names?: LeafNames | undefined
  /**
   * The step draws from the key of this seed, split as the authors' step splits its key. Absent: from the keys that a run
   * of the config has at this step.
   */
  readonly keySeed?: number | undefined
}

/** The batch of one step. */
export interface StepBatch {
  /** `batchSize` images: [count, height, width, channels]. */
  readonly labeled: ImageBatch<Float32Array>
  /** Their classes. */
  readonly labels: Int32Array
  /** `unlabeledBatchSize` images. */
  readonly unlabeled: ImageBatch<Float32Array>
  /** Another augmentation of the same images. Absent: the same one. */
  readonly unlabeledSecond?: ImageBatch<Float32Array> | undefined
}

/** What one step did. */
export interface StepResult {
  /** Of the student before the update. */
  readonly metrics: StepMetrics
  /** The whole state after it, under the names in which it came. */
  readonly state: ReadonlyMap<string, Tensor>
}

/** Trains models. */
export class Experiments {
  constructor(private readonly channel: Channel) {}

  /**
   * Queues a run and answers its handle.
   *
   * @throws ConfigError before anything is sent, when an option is wrong; or from the worker, which knows the dataset
   * @throws RemoteError `DATASET_NOT_PREPARED`, `IDEMPOTENCY_CONFLICT`
   */
  async start(
    config: ExperimentConfig,
    { idempotencyKey = randomUUID(), ...call }: StartOptions = {},
  ): Promise<Experiment> {
    const message = toMessage('ExperimentConfig', parse(experimentConfig, config))
    const { run } = await this.channel.unary('Experiments.Start', { idempotencyKey, config: message }, call)
    return this.handle(run)
  }

  /** @throws RemoteError `RUN_NOT_FOUND` */
  async get(id: string, call: CallOptions = {}): Promise<Experiment> {
    const { run } = await this.channel.unary('Experiments.Get', { runId: id }, call)
    return this.handle(run)
  }

  /** Every run in the worker's state folder, newest first, fetched page by page as the loop goes on. */
  async *list({ pageSize = 100, ...call }: ListOptions = {}): AsyncGenerator<Experiment, void, void> {
    let pageToken = ''
    do {
      const page = await this.channel.unary('Experiments.List', { pageSize, pageToken }, call)
      for (const run of page.runs) yield this.handle(run)
      pageToken = page.nextPageToken
    } while (pageToken)
  }

  /**
   * Removes an ended run, its events and its checkpoints.
   *
   * @throws RemoteError `RUN_NOT_FOUND` or `RUN_NOT_ENDED`
   */
  async delete(id: string, call: CallOptions = {}): Promise<void> {
    await this.channel.unary('Experiments.Delete', { runId: id }, call)
  }

  /**
   * Makes a run out of weights from elsewhere, such as a checkpoint of the authors' code: a model's arrays (student and
   * teacher are alike then) or a whole state's, as `readWeights()` gives them. The run counts as cancelled and has one
   * checkpoint: `models` uses it like any other, `resume()` trains on. A whole state that came from a run of the same
   * config goes on exactly as that run did.
   *
   * @throws ConfigError when an option is wrong, or with every array that is missing, unknown or misshapen
   */
  async import(
    config: ExperimentConfig,
    weights: ReadonlyMap<string, Tensor>,
    { idempotencyKey = randomUUID(), names, ...call }: ImportOptions = {},
  ): Promise<Experiment> {
    const message = toMessage('ExperimentConfig', parse(experimentConfig, config))
    const options = { idempotencyKey, config: message, ...leafNames(names) }
    checkTensors(weights, unicodeFault, 'weights')
    const read = async (answers: AsyncIterable<ResponseOf<'Experiments.Import'>>) => {
      let run: Run__Output | null = null
      for await (const answer of answers) run = answer.run
      return this.handle(run)
    }
    return sendTensors(this.channel, 'Experiments.Import', { options }, weights, read, call)
  }

  /**
   * Takes one training step on arrays of yours and stores nothing: to compare with other code, to test, to teach.
   *
   * @throws ConfigError when an option is wrong, or with every array that is missing, unknown or misshapen
   */
  async step(config: ExperimentConfig, input: StepInput, call: CallOptions = {}): Promise<StepResult> {
    const message = toMessage('ExperimentConfig', parse(experimentConfig, config))
    checkStepInput(input)
    const { state, batch, names, keySeed } = input
    const options = { config: message, ...leafNames(names), ...(keySeed === undefined ? {} : { keySeed }) }
    const tensors = new Map<string, Tensor>([
      ...state,
      ['batch/labeled', batch.labeled],
      ['batch/labels', { data: batch.labels, shape: [batch.labels.length] }],
      ['batch/unlabeled', batch.unlabeled],
      ...(batch.unlabeledSecond ? ([['batch/unlabeled_second', batch.unlabeledSecond]] as const) : []),
    ])
    return sendTensors(this.channel, 'Experiments.Step', { options }, tensors, readStep, call)
  }

  private handle(run: Run__Output | null): Experiment {
    if (!run) throw new CowMaskError('INTERNAL', "The worker's answer holds no run.")
    return new Experiment(this.channel, run)
  }
}

function checkStepInput(input: StepInput): void {
  const wrong = (path: string, reason: string) => new ConfigError([{ path, reason }])
  refuseUnknown(input, ['state', 'batch', 'names', 'keySeed'])
  const { state, keySeed } = input
  checkTensors(state, unicodeFault, 'state')
  // A script in plain JavaScript may pass anything.
  const batch: Partial<StepBatch> = Object(input.batch) as object
  refuseUnknown(batch, ['labeled', 'labels', 'unlabeled', 'unlabeledSecond'])
  for (const name of ['labeled', 'unlabeled', 'unlabeledSecond'] as const)
    if (batch[name] !== undefined || name !== 'unlabeledSecond') {
      checkImages(Object(batch[name]) as ImageBatch, `batch.${name}`)
      if (!(batch[name]?.data instanceof Float32Array)) throw wrong(`batch.${name}.data`, 'must be a Float32Array.')
    }
  if (!(batch.labels instanceof Int32Array)) throw wrong('batch.labels', 'must be an Int32Array.')
  if (keySeed !== undefined && !(Number.isInteger(keySeed) && keySeed >= 0 && keySeed < 2 ** 32))
    throw wrong('keySeed', `must be a whole number from 0 to 4,294,967,295, but is ${String(keySeed)}.`)
}

async function readStep(answers: AsyncIterable<ResponseOf<'Experiments.Step'>>): Promise<StepResult> {
  let measured: StepMetrics | undefined
  async function* chunks() {
    for await (const { metrics, chunk } of answers)
      if (metrics) [measured] = stepsOf(metrics)
      else yield { chunk: chunk ?? null }
  }
  const state = await collect(chunks())
  if (!measured) throw new CowMaskError('INTERNAL', "The worker's answer holds no metrics.")
  return { metrics: measured, state }
}
