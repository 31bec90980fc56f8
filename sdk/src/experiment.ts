import { resolvedExperimentConfig } from './config/from-message.js'
import type { ResolvedExperimentConfig } from './config/types.js'
import { type Dataset, datasetOf } from './datasets.js'
import { CowMaskError, UnavailableError } from './errors.js'
import {
  type Checkpoint,
  type Finished,
  type RunEvent,
  type RunState,
  type Score,
  eventsOf,
  finishedOf,
  runError,
  runState,
} from './events.js'
import { type CallOptions, limitsOf } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { Event__Output } from './transport/generated/cowmask/v1/Event.js'
import type { Run__Output } from './transport/generated/cowmask/v1/Run.js'
import { reconnecting } from './transport/retry.js'

/** What came out of a run that succeeded. */
export interface ExperimentResult {
  readonly state: 'succeeded'
  /** Updates made. */
  readonly step: number
  readonly teacher: Score
  readonly student: Score
  readonly checkpoint: Checkpoint
}

/** Options of `events()`. */
export interface EventsOptions extends CallOptions {
  /** First sequence number wanted. Default: 1, the run's whole history. */
  readonly fromSeq?: number | undefined
}

// Time that one subscription may spend without a connection, all interruptions together.
const RECONNECT_MS = 60_000

/** One run. The run lives in the worker: what happens to this handle changes nothing about it. */
export class Experiment {
  private readonly detached = new AbortController()

  constructor(
    private readonly channel: Channel,
    private run: Run__Output,
  ) {}

  get id(): string {
    return this.run.id
  }

  /** With every default and `auto` value filled in by the worker. */
  get config(): ResolvedExperimentConfig {
    return resolvedExperimentConfig(this.run.config as unknown as Readonly<Record<string, unknown>>)
  }

  /** The dataset as it was when the run was made: its classes, the size and normalization of its images. */
  get dataset(): Dataset {
    if (!this.run.dataset) throw new CowMaskError('INTERNAL', `The worker's answer holds no dataset of ${this.id}.`)
    return datasetOf(this.run.dataset)
  }

  /** As of the last answer or event that this handle has seen; `refresh()` asks. */
  get state(): RunState {
    return runState(this.run.state)
  }

  /** Counts from 1; every resume adds one. */
  get attempt(): number {
    return this.run.attempt
  }

  /** Updates completed, as of the last answer that this handle has seen. */
  get step(): number {
    return this.run.step
  }

  /**
   * Fingerprint of the split that it trains on, also where `config.dataset.split` is `rule`; undefined until its first
   * attempt has loaded the data, as of the last answer or event that this handle has seen.
   */
  get split(): string | undefined {
    return this.run.splitFingerprint
  }

  /** RFC 3339, UTC. */
  get createdAt(): string {
    return this.run.createdAt
  }

  /** Asks the worker where the run stands. */
  async refresh(call: CallOptions = {}): Promise<this> {
    const { run } = await this.channel.unary('Experiments.Get', { runId: this.id }, this.bound(call))
    this.take(run)
    return this
  }

  /**
   * Every event, those of the past first, until the run has ended. Leaving the loop ends the subscription, not the run.
   * A lost connection is taken up again after the last event that was seen, for up to a minute in all.
   *
   * @throws CancelledError when the signal aborts, or after `detach()`: a loop that ends by itself saw the last event
   * @throws WorkerCrashedError when the worker has died
   */
  async *events({ fromSeq = 1, ...call }: EventsOptions = {}): AsyncGenerator<RunEvent, void, void> {
    for await (const event of this.watch(fromSeq, call)) yield* eventsOf(event)
  }

  /** Waits for the run's end, whatever it is. */
  async finished(call: CallOptions = {}): Promise<Finished> {
    const limits = limitsOf(this.bound(call))
    const now = (await this.refresh(limits)).run
    if (now.finished) return finishedOf(now.finished)
    for await (const event of this.watch(now.lastSeq + 1, limits))
      if (event.finished && event.attempt >= now.attempt) return finishedOf(event.finished)
    // What ended between the two calls is in no event that was still to come.
    const then = (await this.refresh(limits)).run
    if (then.finished) return finishedOf(then.finished)
    throw new CowMaskError('INTERNAL', `The events of run ${this.id} ended although the run has not.`)
  }

  /**
   * Waits for the run's end.
   *
   * @throws RunError when the run was cancelled, interrupted or failed; `code` says why
   */
  async result(call: CallOptions = {}): Promise<ExperimentResult> {
    const finished = await this.finished(call)
    const { state, step, evaluation, checkpoint } = finished
    if (state !== 'succeeded') throw runError(this.id, finished)
    if (!evaluation || !checkpoint)
      throw new CowMaskError('INTERNAL', `Run ${this.id} succeeded without a last evaluation and checkpoint.`)
    return { state, step, teacher: evaluation.teacher, student: evaluation.student, checkpoint }
  }

  /** Asks the run to write a checkpoint and stop; `finished()` waits until it has. An ended run stays as it is. */
  async cancel(call: CallOptions = {}): Promise<void> {
    const { run } = await this.channel.unary('Experiments.Cancel', { runId: this.id }, this.bound(call))
    this.take(run)
  }

  /**
   * Goes on from the last checkpoint that verifies, under the same id, as the next attempt.
   *
   * @throws RemoteError `RUN_NOT_RESUMABLE`, while it is under way or where it has succeeded; `DATASET_NOT_PREPARED`
   */
  async resume(call: CallOptions = {}): Promise<void> {
    const { run } = await this.channel.unary('Experiments.Resume', { runId: this.id }, this.bound(call))
    this.take(run)
  }

  /** Ends every wait and subscription of this handle with `CancelledError`; the run goes on. */
  detach(): void {
    this.detached.abort(new Error(`the handle of run ${this.id} was detached`))
  }

  private async *watch(fromSeq: number, call: CallOptions): AsyncGenerator<Event__Output, void, void> {
    const limits = limitsOf(this.bound(call))
    let next = Math.max(1, fromSeq)
    const { channel, run } = this
    const follow = async function* (this: Experiment): AsyncGenerator<Event__Output, void, void> {
      let last: Event__Output | undefined
      for await (const { event } of channel.stream('Experiments.Watch', { runId: run.id, fromSeq: next }, limits)) {
        if (!event || event.seq < next) continue
        last = event
        next = event.seq + 1
        const splitFingerprint = event.progress?.splitFingerprint
        if (splitFingerprint !== undefined) this.run = { ...this.run, splitFingerprint }
        if (event.state) this.run = { ...this.run, state: event.state.state }
        if (event.finished) this.run = { ...this.run, state: event.finished.state, step: event.finished.step }
        yield event
      }
      if (last?.finished) return
      // A network that ends streams in good order must not pass for the end of the run.
      const now = await this.refresh(limits)
      if (!now.run.finished || now.run.lastSeq >= next)
        throw new UnavailableError(`The events of run ${run.id} broke off before the run's end.`)
    }
    yield* reconnecting(() => follow.call(this), channel.retryBudget(RECONNECT_MS), limits.signal)
  }

  private bound<O extends CallOptions>(call: O): O {
    const signals = [this.detached.signal, call.signal].filter((signal) => signal !== undefined)
    return { ...call, signal: AbortSignal.any(signals) }
  }

  private take(run: Run__Output | null): void {
    if (!run) throw new CowMaskError('INTERNAL', `The worker's answer about run ${this.id} is empty.`)
    this.run = run
  }
}
