import type { Random } from './random.js'

/** What one part of the soak is given. */
export interface Context {
  /** The same draws for the same `--seed`. */
  readonly random: Random
  readonly seed: number
  /** Whether to do a small share of it, to see that all works. */
  readonly quick: boolean
  /** How long the long run is. */
  readonly minutes: number
  /** A folder of this part's own, gone afterwards; its path is short enough for sockets in it. */
  readonly folder: string
  /** Tells how far it is. */
  readonly log: (line: string) => void
}

/** One row of the table. Whatever was tried and did not survive is lost. */
export interface Outcome {
  readonly tried: number
  readonly survived: number
  /** What else was measured. */
  readonly figures: string
  /** What was lost, one line each. */
  readonly losses: readonly string[]
}

export type Part = (context: Context) => Promise<Outcome>

/** Counts what is tried; a trial that throws is lost, and the next one goes on. */
export class Tally {
  tried = 0
  readonly losses: string[] = []

  constructor(private readonly context: Context) {}

  async attempt(what: string, work: () => Promise<void>): Promise<void> {
    this.tried += 1
    try {
      await work()
    } catch (error) {
      this.lose(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  lose(what: string): void {
    this.losses.push(what)
    this.context.log(`LOST ${what}`)
  }

  outcome(figures: string): Outcome {
    return { tried: this.tried, survived: this.tried - this.losses.length, figures, losses: this.losses }
  }
}
