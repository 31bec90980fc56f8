import { type CowMask, UnavailableError, connect } from 'cowmask'

import { cuttingProxy } from './cutting-proxy.js'
import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { faking, token } from './workers.js'

const READERS = 10

/** F3: readers replay one long run over connections that are cut; none misses an event or sees one twice. */
export async function replay(context: Context): Promise<Outcome> {
  const { random, folder, quick, log } = context
  const steps = quick ? 2000 : 100_000
  const tally = new Tally(context)
  const worker = await faking(folder, `steps ${String(steps)}`)
  await using direct = await connect({ address: worker.address, token })
  const run = await direct.experiments.start({ dataset: { name: 'digits' } })
  await run.finished()
  log('the run has ended')
  let last = 0
  for await (const { seq } of run.events({ fromSeq: steps })) last = seq
  using proxy = await cuttingProxy(worker.port, () => random.between(20_000, quick ? 60_000 : 600_000))

  const read = async (number: number) => {
    let next = 1
    while (next <= last) {
      let there: CowMask | undefined
      try {
        there = await connect({ address: proxy.address, token })
        for await (const { seq } of (await there.experiments.get(run.id)).events({ fromSeq: next })) {
          tally.tried += 1
          if (seq !== next) tally.lose(`reader ${String(number)} saw ${String(seq)} for ${String(next)}`)
          next = seq + 1
        }
        break
      } catch (error) {
        // A reader whose patience is used up comes again, as a script would.
        if (!(error instanceof UnavailableError)) throw error
      } finally {
        await there?.close()
      }
    }
    if (next !== last + 1) tally.lose(`reader ${String(number)} ended at ${String(next - 1)} of ${String(last)}`)
    log(`reader ${String(number)} has seen all`)
  }
  await Promise.all(Array.from({ length: READERS }, (_, number) => read(number)))
  await worker.stop()
  return tally.outcome(`${String(READERS)} readers of ${String(last)} events, ${String(proxy.cuts())} cuts`)
}
