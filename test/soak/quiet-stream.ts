import { setTimeout as sleep } from 'node:timers/promises'

import { connect } from 'cowmask'

import { silentProxy } from '../sdk/silent-proxy.js'
import { quick as shortRun } from '../sdk/worker.js'
import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { real, token } from './workers.js'

const MINUTES = 10
const FORGOTTEN_AFTER_MS = 60_000

/** W5: a stream over which no event comes for ten minutes, through a router that forgets a connection after one. */
export async function quietStream(context: Context): Promise<Outcome> {
  const minutes = context.quick ? 1.5 : MINUTES
  const tally = new Tally(context)
  const worker = await real(context.folder)
  using router = await silentProxy(worker.port, { cutAfterQuietMs: FORGOTTEN_AFTER_MS })
  await using owner = await connect({ address: worker.address, token })
  await using reader = await connect({ address: router.address, token })
  const training = await owner.experiments.start({ ...shortRun, steps: 10_000_000 })
  const waiting = await owner.experiments.start({ ...shortRun, steps: 1 })
  const seqs: number[] = []
  const watched = (async () => {
    for await (const { seq } of (await reader.experiments.get(waiting.id)).events()) seqs.push(seq)
  })()
  await tally.attempt('a quiet stream', async () => {
    await sleep(minutes * 60_000)
    const connections = router.passages.length
    await waiting.cancel()
    await watched
    if (router.cuts() > 0) throw new Error(`the router cut ${String(router.cuts())} connections`)
    if (router.passages.length > connections) throw new Error('the reader had to dial again')
    if (seqs.some((seq, index) => seq !== index + 1)) throw new Error(`it told of events ${seqs.join(', ')}`)
  })
  await training.cancel()
  await worker.stop()
  return tally.outcome(`${String(minutes)} min without an event, through a router that forgets after 60 s`)
}
