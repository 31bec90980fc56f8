import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { launch } from 'cowmask'
import { PythonProgram, workerPython } from '../python.js'
import { type Row, measured } from '../row.js'

const PER_SECOND = 5000

/** A run's log, an event a step, told by the worker to a script that counts. */
export async function metricEventsRow(quick: boolean): Promise<Row> {
  const count = quick ? 10_000 : 50_000
  const stateDir = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  try {
    await using filling = await PythonProgram.start('recorded', stateDir, '1', String(count))
    const id = await filling.line()
    await using lines = await PythonProgram.start('json_events', String(count))
    await using cowmask = await launch({ python: await workerPython(), stateDir, log: 'warning' })
    const run = await cowmask.experiments.get(id)
    const ours: number[] = []
    const theirs: number[] = []
    for (let round = 0; round <= (quick ? 2 : 5); round += 1) {
      const began = performance.now()
      let heard = 0
      for await (const { type } of run.events()) if (type === 'metrics') heard += 1
      const told = performance.now()
      lines.ask()
      let read = 0
      for (let line = await lines.line(); line !== ''; line = await lines.line())
        if ('metrics' in (JSON.parse(line) as object)) read += 1
      const parsed = performance.now()
      if (heard !== count || read !== count) throw new Error(`${heard} and ${read} events came of ${count}`)
      if (round === 0) continue
      ours.push((count / (told - began)) * 1000)
      theirs.push((count / (parsed - told)) * 1000)
    }
    return measured({
      name: `a log of ${count.toLocaleString('en-US')} metric events, replayed to a script`,
      unit: 'events/s',
      ours,
      baselineName: 'lines of JSON through a pipe',
      baseline: theirs,
      target: `at least ${PER_SECOND.toLocaleString('en-US')} events/s`,
      holds: (rate) => rate >= PER_SECOND,
    })
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}
