import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'

import { launch, presets } from 'cowmask'
import { ownCompileCache } from './compile-cache.js'
import { workerPython } from './python.js'
import { type Row, compared, measured } from './row.js'

const SECONDS_TO_COMPILE = 10

interface Begun {
  /** From the call of `start()` to the first step's metrics. */
  readonly metricsMs: number
  readonly compileMs: number
}

/** How soon the quick start's experiment makes its first steps: by an empty compile cache, then by the one it filled. */
export async function* startRows({ quick }: { readonly quick: boolean }): AsyncGenerator<Row> {
  const cold: Begun[] = []
  const again: Begun[] = []
  for (let round = 0; round < (quick ? 1 : 3); round += 1)
    for await (const [first, second] of ownCompileCache(twice)) {
      cold.push(first)
      again.push(second)
    }
  const metrics = (all: readonly Begun[]) => all.map(({ metricsMs }) => metricsMs / 1000)
  yield compared('second start of an experiment, to its first metrics', 's', metrics(again), {
    name: 'its first start, by an empty compile cache',
    values: metrics(cold),
    most: 0.35,
  })
  const compiling = (all: readonly Begun[]) => all.map(({ compileMs }) => compileMs / 1000)
  yield measured({
    name: "compiling the quick start's network, by an empty compile cache",
    unit: 's',
    ours: compiling(cold),
    baselineName: 'the same by the compile cache',
    baseline: compiling(again),
    target: `below ${SECONDS_TO_COMPILE} s on two idle cores`,
    holds: (seconds) => seconds < SECONDS_TO_COMPILE,
  })
}

async function* twice(folder: string): AsyncGenerator<readonly [first: Begun, second: Begun]> {
  yield [await begin(folder), await begin(folder)]
}

async function begin(folder: string): Promise<Begun> {
  const stateDir = await mkdtemp(join(folder, 'state-'))
  await using cowmask = await launch({ python: await workerPython(), stateDir })
  const began = performance.now()
  const run = await cowmask.experiments.start(presets.digits_40)
  let compileMs = NaN
  for await (const event of run.events()) {
    if (event.type === 'progress' && event.phase === 'compile') compileMs = event.durationMs ?? compileMs
    if (event.type === 'metrics') return { metricsMs: performance.now() - began, compileMs }
  }
  throw new Error(`run ${run.id} took no step`)
}
