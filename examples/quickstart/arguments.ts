import { parseArgs } from 'node:util'

import { presets } from 'cowmask'

export interface Arguments {
  /** 1 to as many as were asked for. */
  readonly seeds: readonly number[]
  readonly steps: number
  /** Folder for everything that is written. */
  readonly out: string
  /** One JSON object on stdout, everything else on stderr. */
  readonly json: boolean
  /** Go on with the runs that stand in the folder. */
  readonly resume: boolean
  readonly help: boolean
}

export const USAGE = `npm run quickstart -- [options]

Trains handwritten digits with 40 labels twice, on the labels alone and with CowMix,
and compares the test errors.

  --seeds N    repeat with N seeds, 1 to 100 (default 1); each seed has other labels
  --steps N    steps of every run (default ${String(presets.digits_40.steps)})
  --out DIR    folder for pictures, curves and runs (default ./out/quickstart)
  --resume     go on with the runs of that folder that were stopped
  --json       print one JSON object on stdout, everything else on stderr
  --help       show this text
`

/** What is wrong with the command line. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readArguments(given: readonly string[]): Arguments {
  const { seeds, steps, out, json, resume, help } = parsed(given)
  return {
    seeds: Array.from({ length: wholeNumber('--seeds', seeds, 100) }, (_, index) => index + 1),
    steps: wholeNumber('--steps', steps, 1_000_000),
    out,
    json,
    resume,
    help,
  }
}

function parsed(given: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const text = (value: string) => ({ type: 'string', default: value }) as const
  try {
    return parseArgs({
      args: [...given],
      options: {
        seeds: text('1'),
        steps: text(String(presets.digits_40.steps)),
        out: text('out/quickstart'),
        json: flag,
        resume: flag,
        help: flag,
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value
  throw new UsageError(`${name} must be a whole number from 1 to ${most.toLocaleString('en-US')}; got '${text}'.`)
}
