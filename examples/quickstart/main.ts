// The quick start: trains handwritten digits with 40 labels on the labels alone and with CowMix, and compares.
import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'

import { type CowMask, CowMaskError, type Experiment, launch } from 'cowmask'

import { type Arguments, USAGE, UsageError, readArguments } from './arguments.js'
import { writeCurves } from './curves.js'
import { Display } from './display.js'
import { type Trained, follow } from './follow.js'
import { SHEET_ROWS, writeSheet } from './pictures.js'
import { METHODS, METHOD_NAMES, type Method, RunBook } from './runs.js'
import { type SeedResult, reportOf, tableOf } from './summary.js'

const INTERRUPTED = 130

// The terminal signals every program of the pipeline, and a runner may pass the same Ctrl-C on: no second press.
const SAME_PRESS_MS = 1000

/** Ctrl-C: the first time everything is brought to a good end, the second time the program ends at once. */
class Interruption {
  private readonly controller = new AbortController()
  readonly signal = this.controller.signal
  private current: Experiment | undefined

  constructor(display: Display) {
    let pressedAt = -Infinity
    process.on('SIGINT', () => {
      if (performance.now() - pressedAt < SAME_PRESS_MS) return
      pressedAt = performance.now()
      if (this.signal.aborted) process.exit(INTERRUPTED)
      this.controller.abort(new Error('Ctrl-C'))
      display.line(this.current ? 'Stopping: the run writes a checkpoint. Ctrl-C again ends at once.' : 'Stopping.')
      this.current?.cancel().catch((error: unknown) => {
        display.line(`The run could not be stopped: ${String(error)}`)
        process.exit(INTERRUPTED)
      })
    })
  }

  /** Lets Ctrl-C cancel the run while `work` goes on. */
  async cancelling<T>(run: Experiment, work: () => Promise<T>): Promise<T> {
    this.current = run
    try {
      if (this.signal.aborted) await run.cancel()
      return await work()
    } finally {
      this.current = undefined
    }
  }
}

async function main(given: readonly string[]): Promise<number> {
  const options = readArguments(given)
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const display = new Display(options.json ? process.stderr : process.stdout)
  const interruption = new Interruption(display)
  try {
    await compare(options, display, interruption)
    return 0
  } catch (error) {
    display.stop()
    if (!interruption.signal.aborted) throw error
    display.line(`Stopped. To go on: npm run quickstart -- --resume${samePlace(given)}`)
    return INTERRUPTED
  }
}

async function compare(options: Arguments, display: Display, interruption: Interruption): Promise<void> {
  const started = performance.now()
  const out = resolve(options.out)
  await mkdir(out, { recursive: true })
  const { signal } = interruption
  await using cowmask = await display.during('starting the worker', () =>
    launch({
      stateDir: join(out, 'runs'),
      signal,
      onProgress: ({ message }) => {
        display.line(`  ${message}`)
      },
    }),
  )
  const files = { sheet: join(out, 'masks.png'), curves: join(out, 'curves.svg'), report: join(out, 'result.json') }
  await display.during('drawing masks, mixing ten digits', () => writeSheet(cowmask, files.sheet))

  const digits = (await cowmask.datasets.list()).find(({ name }) => name === 'digits')
  const results = await train(cowmask, options, display, interruption, out)
  const report = reportOf(options, results, Object.values(files))
  const title = `Handwritten digits, ${report.labeled} labels of ${(digits?.train ?? 0).toLocaleString('en-US')} images`
  await writeCurves(files.curves, title, results)
  await writeFile(files.report, `${JSON.stringify(report, null, 2)}\n`)

  display.line()
  display.line(title)
  for (const line of tableOf(report)) display.line(line)
  display.line()
  display.line(`Wrote, in ${((performance.now() - started) / 1000).toFixed(0)} s:`)
  display.line(`  ${shown(files.sheet)}   rows, from the top:`)
  for (const row of SHEET_ROWS) display.line(`      ${row}`)
  display.line(`  ${shown(files.curves)}   test errors while training`)
  display.line(`  ${shown(files.report)}   all numbers`)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
}

async function train(
  cowmask: CowMask,
  options: Arguments,
  display: Display,
  interruption: Interruption,
  out: string,
): Promise<SeedResult[]> {
  const book = await RunBook.open(cowmask, out, options.resume)
  const results: SeedResult[] = []
  for (const seed of options.seeds) {
    const trained: Partial<Record<Method, Trained>> = {}
    for (const method of METHODS) {
      interruption.signal.throwIfAborted()
      const run = await book.start(method, seed, options.steps)
      display.line()
      display.line(`${METHOD_NAMES[method]}, seed ${seed} of ${options.seeds.length} (run ${run.id})`)
      const result = await interruption.cancelling(run, () => follow(run, display))
      display.line(
        `  test error: student ${(result.studentError * 100).toFixed(1)} %, teacher ${(result.teacherError * 100).toFixed(1)} %`,
      )
      trained[method] = result
    }
    results.push({ seed, ...(trained as Record<Method, Trained>) })
  }
  return results
}

/** A path as one would type it here. */
function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}

function samePlace(given: readonly string[]): string {
  return given
    .filter((argument) => argument !== '--resume')
    .map((argument) => ` ${argument}`)
    .join('')
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}`)
  else if (error instanceof CowMaskError) process.stderr.write(`${error.toString()}\n`)
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
}
