import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { connect } from 'cowmask'

import { descendants } from '../sdk/processes.js'
import { quick as shortRun } from '../sdk/worker.js'
import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { real, token } from './workers.js'

const MEBIBYTE = 2 ** 20
// What a process that is warm may still grow by, of allocators and caches.
const FLAT_MEBIBYTES = 32

/** F3, F9: one long run, one reader that stays and one that comes and goes; memory stays flat, and nobody misses an event. */
export async function longRun(context: Context): Promise<Outcome> {
  const { random, folder, log } = context
  const minutes = context.quick ? 0.5 : context.minutes
  const tally = new Tally(context)
  const worker = await real(folder)
  await using client = await connect({ address: worker.address, token })
  const run = await client.experiments.start({
    ...shortRun,
    steps: 10_000_000,
    evaluateEvery: 10_000,
    checkpointEvery: 2000,
  })
  const events = run.events()
  let highest = 0
  // The metrics of several steps share the number of the message that they came in.
  const follow = (async () => {
    let step = -1
    for await (const event of events) {
      tally.tried += 1
      if (event.seq !== highest && event.seq !== highest + 1)
        tally.lose(`event ${String(event.seq)} came after ${String(highest)}`)
      highest = event.seq
      if (event.type !== 'metrics') continue
      if (event.step !== step + 1) tally.lose(`step ${String(event.step)} came after ${String(step)}`)
      step = event.step
    }
    return step
  })()
  while (highest < 10) await sleep(100)
  const trainer = descendants(worker.pid)[0]?.pid ?? 0
  const memory: { control: number; trainer: number }[] = []
  const end = performance.now() + minutes * 60_000
  let attached = 0
  while (performance.now() < end) {
    attached += 1
    await using passing = await connect({ address: worker.address, token })
    const from = Math.max(1, Math.floor(random.between(0.5, 1) * highest))
    const leave = new AbortController()
    const timer = setTimeout(
      () => {
        leave.abort()
      },
      random.between(10, 3000),
    )
    let next = from
    try {
      const again = await passing.experiments.get(run.id)
      for await (const { seq } of again.events({ fromSeq: from, signal: leave.signal })) {
        if (seq !== next && seq !== next - 1) tally.lose(`the passing reader saw ${String(seq)} for ${String(next)}`)
        next = Math.max(next, seq + 1)
      }
    } catch (error) {
      if (!leave.signal.aborted) throw error
    } finally {
      clearTimeout(timer)
    }
    memory.push({ control: residentMebibytes(worker.pid), trainer: residentMebibytes(trainer) })
    if (attached % 50 === 0)
      log(`${String(attached)} readers came and went, ${String(highest)} events, ${JSON.stringify(memory.at(-1))}`)
  }
  await run.cancel()
  const steps = (await follow) + 1
  for (const which of ['control', 'trainer'] as const) {
    const grown =
      median(memory.slice(-memory.length / 4), which) -
      median(memory.slice(memory.length / 4, memory.length / 2), which)
    if (grown > FLAT_MEBIBYTES) tally.lose(`the memory of ${which} grew by ${grown.toFixed(0)} MiB`)
  }
  await worker.stop()
  const now = memory.at(-1)
  return tally.outcome(
    `${String(minutes)} min, ${String(steps)} steps, ${String(attached)} readers came and went, control ${now?.control.toFixed(0) ?? '?'} MiB, trainer ${now?.trainer.toFixed(0) ?? '?'} MiB`,
  )
}

function residentMebibytes(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / MEBIBYTE
}

function median(samples: readonly { control: number; trainer: number }[], which: 'control' | 'trainer'): number {
  const sorted = samples.map((sample) => sample[which]).sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
