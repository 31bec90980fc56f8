import type { WriteStream } from 'node:tty'

import cliProgress from 'cli-progress'

/** What is shown of a training run at one moment. */
export interface Moment {
  readonly step: number
  readonly steps: number
  readonly loss: number
  /** Of the last evaluation. */
  readonly teacherError: number | undefined
  readonly stepsPerSecond: number
  readonly secondsLeft: number
}

// How often a reader of plain lines hears of a run.
const PLAIN_EVERY_MS = 4000

/** Tells a person how far things are: a moving bar on a terminal, plain lines now and then elsewhere. */
export class Display {
  private bar: cliProgress.SingleBar | undefined
  private lastPlain = 0

  constructor(private readonly stream: WriteStream) {}

  line(text = ''): void {
    this.stop()
    this.stream.write(`${text}\n`)
  }

  /** Does a piece of work under a name, and tells how long it took. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    this.begin(name)
    const result = await work()
    this.done(name, performance.now() - started)
    return result
  }

  /** A piece of work that has begun; the next call of `done` or `line` takes its place. */
  begin(name: string): void {
    this.stop()
    if (this.stream.isTTY) this.stream.write(`  ${name} ...`)
  }

  done(name: string, durationMs: number): void {
    this.stop()
    this.line(`  ${name}: ${(durationMs / 1000).toFixed(1)} s`)
  }

  progress(moment: Moment): void {
    if (this.stream.isTTY) this.move(moment)
    else if (performance.now() - this.lastPlain >= PLAIN_EVERY_MS || moment.step === moment.steps) {
      this.lastPlain = performance.now()
      this.stream.write(`  step ${moment.step}/${moment.steps}  ${describe(moment)}\n`)
    }
  }

  /** Takes the bar, or a begun line, off the terminal. */
  stop(): void {
    this.bar?.stop()
    this.bar = undefined
    if (this.stream.isTTY) this.stream.write('\r\x1b[K')
  }

  private move(moment: Moment): void {
    const shown = { text: describe(moment) }
    if (this.bar === undefined) {
      this.stop()
      this.bar = new cliProgress.SingleBar(
        {
          format: '  {bar} {value}/{total}  {text}',
          stream: this.stream,
          barsize: 24,
          clearOnComplete: true,
          hideCursor: true,
          // Ctrl-C is answered by the program, which lets the run write its checkpoint.
          gracefulExit: false,
        },
        cliProgress.Presets.shades_classic,
      )
      this.bar.start(moment.steps, moment.step, shown)
    }
    this.bar.update(moment.step, shown)
  }
}

function describe({ loss, teacherError, stepsPerSecond, secondsLeft }: Moment): string {
  const error = teacherError === undefined ? '' : `  teacher error ${percent(teacherError)}`
  return `loss ${loss.toFixed(3)}${error}  ${stepsPerSecond.toFixed(0)} steps/s  ${Math.ceil(secondsLeft)} s left`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
