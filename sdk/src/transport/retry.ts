import { setTimeout as sleep } from 'node:timers/promises'

import { UnavailableError } from '../errors.js'

/**
 * Time that one call or subscription may spend waiting between attempts. The n-th wait is drawn uniformly from
 * 0..min(`slowestMs`, `firstMs` x 2^n); the sum of all waits never passes `totalMs`, and nothing fills it up again.
 */
export class RetryBudget {
  private attempts = 0
  private leftMs: number

  constructor(
    totalMs: number,
    private readonly firstMs = 50,
    private readonly slowestMs = 2000,
    private readonly random: () => number = Math.random,
  ) {
    this.leftMs = totalMs
  }

  /** Waits before the next attempt. False, at once, when the budget is used up or the signal has aborted. */
  async wait(signal?: AbortSignal): Promise<boolean> {
    const delay = this.random() * Math.min(this.slowestMs, this.firstMs * 2 ** this.attempts)
    this.attempts += 1
    if (delay > this.leftMs || signal?.aborted) return false
    this.leftMs -= delay
    try {
      await sleep(delay, undefined, signal && { signal })
      return true
    } catch {
      return false
    }
  }
}

/** Opens a stream again each time its connection is lost, while the budget lasts. Where to go on is the opener's matter. */
export async function* reconnecting<T>(
  open: () => AsyncIterable<T>,
  budget: RetryBudget,
  signal?: AbortSignal,
): AsyncGenerator<T, void, void> {
  for (;;) {
    try {
      yield* open()
      return
    } catch (error) {
      if (!(error instanceof UnavailableError) || !(await budget.wait(signal))) throw error
    }
  }
}
