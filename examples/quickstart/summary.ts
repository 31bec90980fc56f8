import { presets } from 'cowmask'

import type { Arguments } from './arguments.js'
import { percent } from './display.js'
import type { Trained } from './follow.js'
import { type Spread, spread } from './paired-interval.js'
import { METHODS, METHOD_NAMES, type Method } from './runs.js'

/** Both runs of one seed. */
export type SeedResult = { readonly seed: number } & Readonly<Record<Method, Trained>>

interface Errors {
  readonly teacherError: number
  readonly studentError: number
}

/** What `--json` prints. Errors are shares of the test images, 0..1. */
export type Report = {
  readonly seeds: readonly number[]
  readonly labeled: number
  readonly steps: number
  /** The teachers' errors with CowMix, as a share of those on labels alone. */
  readonly ratio: number
  /** By how much CowMix lowers the teacher's error; the interval is the paired 95 % t interval over seeds. */
  readonly gain: Spread
  readonly perSeed: readonly ({ readonly seed: number } & Readonly<Record<Method, Errors>>)[]
  readonly files: readonly string[]
} & Readonly<Record<Method, Errors & { readonly teacherDeviation: number; readonly studentDeviation: number }>>

export function reportOf(
  { seeds, steps }: Arguments,
  results: readonly SeedResult[],
  files: readonly string[],
): Report {
  const [supervised, cowmix] = METHODS.map((method) => {
    const teacher = spread(results.map((result) => result[method].teacherError))
    const student = spread(results.map((result) => result[method].studentError))
    return {
      teacherError: teacher.mean,
      studentError: student.mean,
      teacherDeviation: teacher.deviation,
      studentDeviation: student.deviation,
    }
  }) as [Report['supervised'], Report['cowmix']]
  return {
    seeds,
    labeled: presets.digits_40.dataset.labeled,
    steps,
    supervised,
    cowmix,
    ratio: cowmix.teacherError / supervised.teacherError,
    gain: spread(results.map((result) => result.supervised.teacherError - result.cowmix.teacherError)),
    perSeed: results.map((result) => ({
      seed: result.seed,
      supervised: errorsOf(result.supervised),
      cowmix: errorsOf(result.cowmix),
    })),
    files,
  }
}

function errorsOf({ teacherError, studentError }: Trained): Errors {
  return { teacherError, studentError }
}

/** The report as lines for a person. */
export function* tableOf(report: Report): Generator<string> {
  const several = report.seeds.length > 1
  yield `Test error${several ? `, mean and standard deviation of ${report.seeds.length} seeds` : ''}:`
  yield ''
  yield `  ${''.padEnd(14)}${['student', 'teacher'].map((name) => name.padStart(several ? 18 : 10)).join('')}`
  for (const method of METHODS) {
    const { studentError, studentDeviation, teacherError, teacherDeviation } = report[method]
    const cells = several
      ? [
          `${percent(studentError)} +- ${percent(studentDeviation)}`,
          `${percent(teacherError)} +- ${percent(teacherDeviation)}`,
        ]
      : [percent(studentError), percent(teacherError)]
    yield `  ${METHOD_NAMES[method].padEnd(14)}${cells.map((cell) => cell.padStart(several ? 18 : 10)).join('')}`
  }
  yield ''
  yield `With CowMix the teacher makes ${report.ratio.toFixed(2)} times the errors that it makes on labels alone.`
  if (report.gain.interval === undefined) {
    yield 'One seed says little: -- --seeds 5 tells mean, spread and interval.'
    return
  }
  const [low, high] = report.gain.interval.map((bound) => (bound * 100).toFixed(1))
  yield `Gain: ${(report.gain.mean * 100).toFixed(1)} points of error, 95 % interval ${low ?? ''} to ${high ?? ''} (paired t, ${report.seeds.length} seeds).`
}
