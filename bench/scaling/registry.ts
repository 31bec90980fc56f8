import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PythonProgram } from '../python.js'
import { median } from '../row.js'
import { type StartedWorker, startWorker } from '../started-worker.js'
import type { Axis } from './growth.js'

const SIZES = [1, 10, 100, 1000, 10_000, 100_000] as const
const ROUNDS = 9
const USUAL_PAGE = 100

/** Times are the fastest of several, since what else a machine does only adds. */
interface Asked {
  /** The first call after a start, which opens the registry. */
  readonly restartMs: number
  readonly listMs: number
  /** The same, the median in place of the fastest. */
  readonly firstPageMs: number
  /** From the call until the first event from the middle of the newest run's log. */
  readonly middleMs: number
  /** Every event of the newest run. */
  readonly replayMs: number
  readonly workerMB: number
  readonly fileMB: number
}

/** Whoever has many runs: the newest are listed, the worker starts again. */
export async function runsInTheRegistry(quick: boolean): Promise<readonly Axis[]> {
  const sizes = SIZES.slice(0, quick ? 3 : 5)
  const asked: Asked[] = []
  for (const runs of sizes) asked.push(await ask(runs, 10))
  const page = sizes.map((size) => Math.min(size, USUAL_PAGE))
  return [
    {
      name: 'runs in the registry',
      file: 'runs',
      sizes,
      columns: [
        column('first page of the list', 'list', 'ms', asked, 'listMs', page),
        column('first call after a restart', 'restart', 'ms', asked, 'restartMs', page),
        column('first event from the middle of a log', 'middle', 'ms', asked, 'middleMs', even(sizes)),
        column("worker's memory", 'memory', 'MB', asked, 'workerMB', even(sizes)),
        column('registry on the disk', 'disk', 'MB', asked, 'fileMB', sizes),
      ],
      firstPageMs: asked.at(-1)?.firstPageMs ?? NaN,
    },
  ]
}

/** Whoever has one long run. */
export async function eventsInARun(quick: boolean): Promise<readonly Axis[]> {
  const sizes = SIZES.slice(0, quick ? 4 : 6)
  const asked: Asked[] = []
  for (const events of sizes) asked.push(await ask(1, events))
  return [
    {
      name: 'events in a run',
      file: 'events',
      sizes,
      columns: [
        column('first page of the list', 'list', 'ms', asked, 'listMs', even(sizes)),
        column('first call after a restart', 'restart', 'ms', asked, 'restartMs', even(sizes)),
        column('first event from the middle of the log', 'middle', 'ms', asked, 'middleMs', even(sizes)),
        column('replay of the whole log', 'replay', 'ms', asked, 'replayMs', sizes),
        column("worker's memory", 'memory', 'MB', asked, 'workerMB', even(sizes)),
        column('registry on the disk', 'disk', 'MB', asked, 'fileMB', sizes),
      ],
      firstPageMs: asked.at(-1)?.firstPageMs ?? NaN,
    },
  ]
}

/** The work of what should not depend on the size. */
const even = (sizes: readonly number[]) => sizes.map(() => 1)

function column(
  name: string,
  file: string,
  unit: string,
  asked: readonly Asked[],
  of: keyof Asked,
  work: readonly number[],
) {
  return { name, file, unit, values: asked.map((each) => each[of]), work }
}

/** Fills a registry, then asks a worker that starts on it. */
async function ask(runs: number, events: number): Promise<Asked> {
  const stateDir = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  try {
    await using filling = await PythonProgram.start('recorded', stateDir, String(runs), String(events))
    const id = await filling.line()
    const restarts: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await using worker = await startWorker({ stateDir })
      restarts.push(await firstPageMs(worker))
    }
    await using worker = await startWorker({ stateDir })
    const { cowmask } = worker
    const run = await cowmask.experiments.get(id)
    const pages: number[] = []
    const middles: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      pages.push(await firstPageMs(worker))
      const began = performance.now()
      for await (const event of run.events({ fromSeq: Math.ceil(events / 2) + 1 })) {
        middles.push(performance.now() - began)
        if (event.seq > 0) break
      }
    }
    const replays: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const began = performance.now()
      let heard = 0
      for await (const { type } of run.events()) if (type === 'metrics') heard += 1
      if (heard !== events) throw new Error(`${heard} events came of ${events}`)
      replays.push(performance.now() - began)
    }
    return {
      restartMs: Math.min(...restarts),
      listMs: Math.min(...pages),
      firstPageMs: median(pages),
      middleMs: Math.min(...middles),
      replayMs: Math.min(...replays),
      workerMB: await residentMB(worker.pid),
      fileMB: (await stat(join(stateDir, 'registry.sqlite'))).size / 2 ** 20,
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}

async function firstPageMs({ cowmask }: StartedWorker): Promise<number> {
  const began = performance.now()
  let seen = 0
  for await (const run of cowmask.experiments.list()) {
    seen += run.id.length
    break
  }
  if (seen === 0) throw new Error('there is no run')
  return performance.now() - began
}

/** Of a process, by Linux's account; not a number elsewhere. */
async function residentMB(pid: number): Promise<number> {
  try {
    const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1])
    return (pages * 4096) / 2 ** 20
  } catch {
    return NaN
  }
}
