import { connect } from 'cowmask'
import { describe, expect, test, vi } from 'vitest'

import { Channel } from '../../sdk/src/transport/channel.js'
import type { ResponseOf } from '../../sdk/src/transport/contract.js'
import { limitsOf } from '../../sdk/src/transport/call-options.js'
import { serveWorker } from './served.js'
import { silentProxy } from './silent-proxy.js'
import { quick, temporaryFolder } from './worker.js'

const token = 'a token that is long enough'
// Promised are 45 s.
const NOTICED_MS = 60_000
const PATIENCE_MS = 120_000

describe.concurrent('a network that ends nothing', () => {
  test('W5: and swallows everything is noticed on both sides in 45 s; watching goes on without a hole', async () => {
    await using here = await temporaryFolder()
    await using worker = await serveWorker(here.path, { token })
    using proxy = await silentProxy(worker.port)
    await using client = await connect({ address: proxy.address, token })
    const run = await client.experiments.start({ ...quick, steps: 10_000_000 })
    const waiting = await client.experiments.start({ ...quick, steps: 1 })
    const seqs: number[] = []
    const watched = (async () => {
      for await (const { seq } of waiting.events()) seqs.push(seq)
    })()
    await vi.waitUntil(() => seqs.length > 0, { timeout: PATIENCE_MS })

    proxy.silence()
    const began = performance.now()
    const held = proxy.passages.filter(({ clientEndedAtMs }) => clientEndedAtMs < 0)
    expect(held.length).toBeGreaterThan(0)
    await vi.waitUntil(
      () => held.every(({ clientEndedAtMs, workerEndedAtMs }) => clientEndedAtMs > 0 && workerEndedAtMs > 0),
      { timeout: PATIENCE_MS },
    )
    for (const { clientEndedAtMs, workerEndedAtMs } of held) {
      expect(clientEndedAtMs - began).toBeLessThan(NOTICED_MS)
      expect(workerEndedAtMs - began).toBeLessThan(NOTICED_MS)
    }

    // The network is back: whoever dials again gets through.
    await waiting.cancel()
    await watched
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    await run.cancel()
  })

  test('W5: a stream may be quiet: pings are no offense, and keep routers from forgetting it', async () => {
    await using here = await temporaryFolder()
    await using worker = await serveWorker(here.path, { token })
    using proxy = await silentProxy(worker.port, { cutAfterQuietMs: 3000 })
    await using client = await connect({ address: `127.0.0.1:${String(worker.port)}`, token })
    await client.experiments.start({ ...quick, steps: 10_000_000 })
    const waiting = await client.experiments.start({ ...quick, steps: 1 })

    // As many pings as ten quiet minutes have, and a router that forgets after three of them.
    const channel = new Channel({ address: proxy.address, token, pingAfterMs: 1000 })
    const events: AsyncGenerator<ResponseOf<'Experiments.Watch'>, void> = channel.stream(
      'Experiments.Watch',
      { runId: waiting.id },
      limitsOf({}),
    )
    const queued = await events.next()
    expect(queued.value).toMatchObject({ event: { seq: 1 } })
    const next = events.next()
    await expect(Promise.race([next, new Promise((resolve) => setTimeout(resolve, 20_000, 'quiet'))])).resolves.toBe(
      'quiet',
    )
    expect(proxy.cuts()).toBe(0)
    await waiting.cancel()
    expect((await next).value).toMatchObject({ event: { seq: 2 } })
    channel.close()
  })
})
