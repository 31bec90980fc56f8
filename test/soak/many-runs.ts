import { type Experiment, connect } from 'cowmask'

import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { faking, token } from './workers.js'

const AT_ONCE = 20

/** A thousand runs are submitted and half of them cancelled; every one ends, in one way, and tells it without a hole. */
export async function manyRuns(context: Context): Promise<Outcome> {
  const { random, folder, quick, log } = context
  const count = quick ? 40 : 1000
  const tally = new Tally(context)
  const worker = await faking(folder, '')
  await using client = await connect({ address: worker.address, token })
  const cancelled = random.choose(count / 2, count)
  const runs: Experiment[] = []
  const submit = async (number: number) => {
    const run = await client.experiments.start({ dataset: { name: 'digits' }, seed: number })
    runs[number] = run
    if (cancelled.has(number)) await run.cancel()
  }
  for (let first = 0; first < count; first += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, place) => submit(first + place)))
  log('all are submitted')
  const ends = { cancelled: 0, succeeded: 0 }
  for (const [number, run] of runs.entries())
    await tally.attempt(`run ${String(number)}`, async () => {
      const { state } = await run.finished()
      // A cancel that comes when a run is over leaves it as it is.
      if (state === 'succeeded' || (state === 'cancelled' && cancelled.has(number))) ends[state] += 1
      else throw new Error(`it is ${state}`)
      let next = 1
      let finished = 0
      for await (const event of run.events()) {
        if (event.seq !== next) throw new Error(`event ${String(event.seq)} came for ${String(next)}`)
        next += 1
        if (event.type === 'finished') finished += 1
      }
      if (finished !== 1) throw new Error(`it ended ${String(finished)} times`)
    })
  const listed = new Set<string>()
  for await (const { id } of client.experiments.list()) listed.add(id)
  if (listed.size !== count) tally.lose(`${String(listed.size)} of ${String(count)} runs are listed`)
  await worker.stop()
  return tally.outcome(`${String(ends.succeeded)} succeeded, ${String(ends.cancelled)} cancelled`)
}
