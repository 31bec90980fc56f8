import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** What `npm run parity` was asked for. */
export interface Arguments {
  readonly json: boolean
  readonly quick: boolean
  readonly device: 'cpu' | 'gpu'
  readonly vectors: string
  readonly reference?: { readonly folder: string; readonly python: string; readonly seed: number }
  /** A Markdown file whose table is written anew. */
  readonly write?: string
}

const SEEDS = 2 ** 31

const HELP = `npm run parity -- [options]

  --json                   one JSON object on stdout, nothing else (npm run -s parity -- --json)
  --quick                  leave out what takes over a minute, and name it
  --device cpu|gpu         what to compute on; default cpu
  --vectors DIR            recorded numbers of your own: manifest.json and .npz files; default test/parity
  --reference DIR          run a checkout of the authors' code on fresh inputs in place of recorded numbers
  --reference-python PATH  the interpreter for it; docs/parity.md says what it needs
  --seed N                 repeats the inputs of an earlier run of the authors' code; default: fresh ones
  --write FILE             write the table into a Markdown file, between its two marks`

/** Relative paths start where npm was called. Prints the help and ends for `--help` and for what is not understood. */
export function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean' },
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        device: { type: 'string', default: 'cpu' },
        vectors: { type: 'string' },
        reference: { type: 'string' },
        'reference-python': { type: 'string' },
        seed: { type: 'string' },
        write: { type: 'string' },
      },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const { device, json, quick, reference, vectors, write } = values
    const python = values['reference-python']
    if (device !== 'cpu' && device !== 'gpu') throw new TypeError(`--device must be cpu or gpu; got '${device}'`)
    if ((reference === undefined) !== (python === undefined))
      throw new TypeError('--reference and --reference-python belong together')
    if (reference !== undefined && vectors !== undefined)
      throw new TypeError('--reference makes its own vectors: leave out --vectors')
    const seed = values.seed === undefined ? Math.floor(Math.random() * SEEDS) : Number(values.seed)
    if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS)
      throw new TypeError(`--seed must be a whole number from 0 to ${String(SEEDS - 1)}; got '${String(values.seed)}'`)
    return {
      json,
      quick,
      device,
      vectors: vectors === undefined ? fileURLToPath(new URL('../../test/parity', import.meta.url)) : resolve(vectors),
      ...(reference === undefined || python === undefined
        ? {}
        : { reference: { folder: resolve(reference), python: python.includes('/') ? resolve(python) : python, seed } }),
      ...(write === undefined ? {} : { write: resolve(write) }),
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    process.exit(2)
  }
}
