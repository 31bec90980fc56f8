import { Client, credentials } from '@grpc/grpc-js'
import { connect } from 'cowmask'

import { quick as shortRun } from '../sdk/worker.js'
import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { real, token, until } from './workers.js'

const CLIENTS = 4
const STREAMS = 200
const SLOWEST_MS = 1000

/** W6: while a run trains and 200 streams wait for events that do not come, health is answered. */
export async function idleStreams(context: Context): Promise<Outcome> {
  const { folder, quick } = context
  const tally = new Tally(context)
  const worker = await real(folder)
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect({ address: worker.address, token })))
  const [first] = clients
  if (!first) throw new Error('there is no client')
  const training = await first.experiments.start({ ...shortRun, steps: 10_000_000 })
  const waiting = await first.experiments.start({ ...shortRun, steps: 1 })
  for await (const event of training.events()) if (event.type === 'metrics') break
  let open = 0
  const streams = clients.flatMap((client) =>
    Array.from({ length: STREAMS / CLIENTS }, async () => {
      const run = await client.experiments.get(waiting.id)
      for await (const event of run.events()) if (event.seq === 1) open += 1
    }),
  )
  await until(() => open === STREAMS, '200 streams that are open')
  const health = new Client(worker.address, credentials.createInsecure())
  const check = () =>
    new Promise<void>((resolve, reject) => {
      const nothing = (bytes: Buffer) => bytes
      health.makeUnaryRequest('/grpc.health.v1.Health/Check', nothing, nothing, Buffer.alloc(0), (error, answer) => {
        // One field, the status: SERVING.
        if (error) reject(error)
        else if (answer?.equals(Buffer.from([8, 1]))) resolve()
        else reject(new Error('it is not serving'))
      })
    })
  const times: number[] = []
  for (let number = 0; number < (quick ? 50 : 1000); number += 1)
    await tally.attempt('a health check', async () => {
      const began = performance.now()
      await check()
      times.push(performance.now() - began)
      if ((times.at(-1) ?? 0) > SLOWEST_MS) throw new Error(`took ${String(times.at(-1))} ms`)
    })
  health.close()
  await waiting.cancel()
  await training.cancel()
  await Promise.all(streams)
  for (const client of clients) await client.close()
  await worker.stop()
  times.sort((one, other) => one - other)
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(1)
  return tally.outcome(
    `${String(STREAMS)} streams while it trains: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`,
  )
}
