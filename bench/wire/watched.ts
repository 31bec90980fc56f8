import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { CancelledError, type Experiment, presets } from 'cowmask'
import { startWorker } from '../started-worker.js'
import { type Row, median, spread } from '../row.js'

const PHASE_MS = 3000
const MOST = 1.01
const STEPS = 1_000_000
const MS_PER_TICK = 10

interface Phase {
  readonly began: number
  readonly ended: number
  /** Milliseconds of processor time that this process and control took. */
  readonly cpuMs: number
}

/** One run of the quick start, in turn watched for some seconds and left alone for some: what a step takes either way. */
export async function* watchedRows(quick: boolean): AsyncGenerator<Row> {
  const stateDir = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  try {
    await using worker = await startWorker({ stateDir })
    const { cowmask, pid } = worker
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
      const [looking, last] = await phase(pid, () => watch(run, heard))
      const [away] = await phase(pid, () => sleep(PHASE_MS))
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
    const unsure = uncertainty(slower)
    yield {
      name: 'a step of a run that is watched',
      unit: 'ms',
      ours: median(ours),
      spread: spread(ours),
      baselineName: `the same run left alone, in turns of ${PHASE_MS / 1000} s`,
      baseline: median(baseline),
      ratio,
      target: `at most ${MOST}x (the median of ${slower.length} pairs)`,
      ok: ratio <= MOST ? true : ratio - unsure <= MOST ? null : false,
      device: 'cpu',
      detail: `pairs from ${Math.min(...slower).toFixed(3)}x to ${Math.max(...slower).toFixed(3)}x; the machine lets the median be known to +-${unsure.toFixed(3)}`,
    }
    yield costRow(watched, alone)
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** All that a watcher could take from a trainer: the processor time of whoever tells and of whoever listens. */
function costRow(watched: readonly Phase[], alone: readonly Phase[]): Row {
  const share = (phases: readonly Phase[]) => phases.map(({ began, ended, cpuMs }) => cpuMs / (ended - began))
  const idle = median(share(alone))
  const ours = share(watched).map((each) => (each - idle) * 1000)
  const all = availableParallelism() * 1000
  return {
    name: 'processor time that watching a run costs, in the worker and in the script',
    unit: 'ms a second',
    ours: median(ours),
    spread: spread(ours),
    baselineName: 'all cores',
    baseline: all,
    ratio: median(ours) / all,
    target: `at most ${(MOST - 1).toFixed(2)}x`,
    ok: Number.isNaN(idle) ? null : median(ours) / all <= MOST - 1,
    device: 'cpu',
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

async function phase<T>(pid: number, work: () => Promise<T>): Promise<readonly [Phase, T]> {
  const [began, before] = [Date.now(), await cpuMs(pid)]
  const done = await work()
  return [{ began, ended: Date.now(), cpuMs: (await cpuMs(pid)) - before }, done]
}

/** Processor time of this process and of another, by Linux's account; not a number elsewhere. */
async function cpuMs(pid: number): Promise<number> {
  const { user, system } = process.cpuUsage()
  try {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? []
    return (user + system) / 1000 + (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  } catch {
    return NaN
  }
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
