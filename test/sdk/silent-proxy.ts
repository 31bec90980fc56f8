import type { Socket } from 'node:net'

import { tcpProxy } from './tcp-proxy.js'

/** One connection through the proxy, and when each of its two sides was ended by who is there; -1: not yet. */
export interface Passage {
  silent: boolean
  clientEndedAtMs: number
  workerEndedAtMs: number
}

/**
 * Passes connections on to a port of this machine. `silence()` swallows whatever comes over those that are open, in both
 * directions, and ends neither side, as a network does that drops every packet. `cutAfterQuietMs` ends connections over
 * which nothing has come for so long, as the tables of routers and load balancers do.
 */
export async function silentProxy(port: number, { cutAfterQuietMs = Infinity } = {}) {
  const passages: Passage[] = []
  let cuts = 0
  const join = (client: Socket, worker: Socket) => {
    const passage: Passage = { silent: false, clientEndedAtMs: -1, workerEndedAtMs: -1 }
    passages.push(passage)
    const forward = (from: Socket, to: Socket, ended: 'clientEndedAtMs' | 'workerEndedAtMs') => {
      from.on('data', (chunk) => {
        if (!passage.silent) to.write(chunk)
      })
      if (Number.isFinite(cutAfterQuietMs))
        from.setTimeout(cutAfterQuietMs, () => {
          cuts += 1
          from.destroy()
          to.destroy()
        })
      const end = () => {
        if (passage[ended] < 0) passage[ended] = performance.now()
        from.destroy()
        if (!passage.silent) to.destroy()
      }
      from.on('end', end).on('close', end).on('error', end)
    }
    forward(client, worker, 'clientEndedAtMs')
    forward(worker, client, 'workerEndedAtMs')
  }
  return {
    ...(await tcpProxy(port, join, { allowHalfOpen: true })),
    passages: passages as readonly Readonly<Passage>[],
    cuts: () => cuts,
    silence() {
      for (const passage of passages) passage.silent = true
    },
  }
}
