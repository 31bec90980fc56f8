import { randomUUID } from 'node:crypto'

import { experimentConfig } from './config/experiment.js'
import { parse } from './config/parse.js'
import { toMessage } from './config/to-message.js'
import type { ExperimentConfig } from './config/types.js'
import { CowMaskError } from './errors.js'
import { Experiment } from './experiment.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { Run__Output } from './transport/generated/cowmask/v1/Run.js'

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

/** Trains models. */
export class Experiments {
  constructor(private readonly channel: Channel) {}

  /**
   * Queues a run and answers its handle.
   *
   * @throws ConfigError before anything is sent, when an option is wrong; or from the worker, which knows the dataset
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

  private handle(run: Run__Output | null): Experiment {
    if (!run) throw new CowMaskError('INTERNAL', "The worker's answer holds no run.")
    return new Experiment(this.channel, run)
  }
}
