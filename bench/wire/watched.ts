import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { CancelledError, type Experiment, launch, presets } from 'cowmask'
import { workerPython } from '../python.js'
import { type Row, median, spread } from '../row.js'

const PHASE_MS = 3000
const MOST = 1.01
const STEPS = 1_000_000

interface Phase {
  readonly began: number
  readonly ended: number
}

/** One run of the quick start, in turn watched for some seconds and left alone for some: what a step takes either way. */
export async function watchedRow(quick: boolean): Promise<Row> {
  const stateDir = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  try {
    await using cowmask = await launch({ python: await workerPython(), stateDir, log: 'warning' })
    const run = await cowmask.experiments.start({
      ...presets.digits_40,
      steps: STEPS,
      evaluateEvery: STEPS,
      checkpointEvery: STEPS,
    })
    let heard = await settled(run)
    const watched: Phase[] = []
    const alone: Phase[] = []
    for (let round = 0; round < (quick ? 4 : 20); round += 1) {
      const [looking, last] = await phase(() => watch(run, heard))
      const [away] = await phase(() => sleep(PHASE_MS))
      watched.push(looking)
      alone.push(away)
      heard = last
    }
    await run.cancel()
    await run.finished()
    const log = await dispatches(run)
    const ours = watched.map((each) => stepMs(log, each))
    const baseline = alone.map((each) => stepMs(log, each))
    const slower = ours.map((value, place) => value / (baseline[place] ?? NaN))
    const ratio = median(slower)
    return {
      name: 'a step of a run that is watched',
      unit: 'ms',
      ours: median(ours),
      spread: spread(ours),
      baselineName: `the same run left alone, in turns of ${PHASE_MS / 1000} s`,
      baseline: median(baseline),
      ratio,
      target: `at most ${MOST}x (the median of ${slower.length} pairs)`,
      ok: ratio <= MOST,
      device: 'cpu',
      detail: `pairs from ${Math.min(...slower).toFixed(3)}x to ${Math.max(...slower).toFixed(3)}x; the median is known to +-${uncertainty(slower).toFixed(3)}`,
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** Waits until dispatches are as long as they get; the number of the newest event. */
async function settled(run: Experiment): Promise<number> {
  const seen = new Set<number>()
  for await (const { type, seq } of run.events()) {
    if (type === 'metrics') seen.add(seq)
    if (seen.size === 10) return seq
  }
  throw new Error(`run ${run.id} ended before it could be watched`)
}

/** Listens for a while to all that comes after an event; the number of the last one heard. */
async function watch(run: Experiment, after: number): Promise<number> {
  let last = after
  try {
    for await (const { seq } of run.events({ fromSeq: after + 1, signal: AbortSignal.timeout(PHASE_MS) })) last = seq
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error
  }
  return last
}

async function phase<T>(work: () => Promise<T>): Promise<readonly [Phase, T]> {
  const began = Date.now()
  const done = await work()
  return [{ began, ended: Date.now() }, done]
}

interface Dispatch {
  /** When its metrics came, in milliseconds since the epoch. */
  readonly at: number
  readonly steps: number
}

async function dispatches(run: Experiment): Promise<readonly Dispatch[]> {
  const steps = new Map<number, Dispatch>()
  for await (const event of run.events())
    if (event.type === 'metrics')
      steps.set(event.seq, { at: Date.parse(event.time), steps: (steps.get(event.seq)?.steps ?? 0) + 1 })
  return [...steps.values()]
}

/** Milliseconds a step between the first and the last dispatch that ended in the phase. */
function stepMs(log: readonly Dispatch[], { began, ended }: Phase): number {
  const within = log.filter(({ at }) => at >= began && at <= ended)
  const [first, ...others] = within
  const last = others.at(-1)
  if (!first || !last) throw new Error('a phase was too short for two dispatches')
  return (last.at - first.at) / others.reduce((sum, { steps }) => sum + steps, 0)
}

/** Half of the interval that holds the median with 95 % probability, by the order of the values. */
function uncertainty(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const reach = Math.ceil(0.98 * Math.sqrt(sorted.length))
  const middle = Math.floor(sorted.length / 2)
  const low = sorted[Math.max(0, middle - reach)] ?? NaN
  const high = sorted[Math.min(sorted.length - 1, middle + reach)] ?? NaN
  return (high - low) / 2
}
