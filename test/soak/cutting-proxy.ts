import type { Socket } from 'node:net'

import { tcpProxy } from '../sdk/tcp-proxy.js'

/** Passes connections on to a port of this machine, and cuts each after as many bytes of the answer as `lifeBytes` says. */
export async function cuttingProxy(port: number, lifeBytes: () => number) {
  let cuts = 0
  const join = (client: Socket, worker: Socket) => {
    let left = lifeBytes()
    const end = () => {
      client.destroy()
      worker.destroy()
    }
    for (const socket of [client, worker]) {
      socket.on('error', end)
      socket.on('close', end)
    }
    client.pipe(worker)
    worker.on('data', (chunk) => {
      left -= chunk.length
      if (left > 0) {
        if (!client.write(chunk)) {
          worker.pause()
          client.once('drain', () => worker.resume())
        }
        return
      }
      cuts += 1
      // Some of what was on the way arrives, as with a real network.
      client.write(chunk.subarray(0, Math.max(0, chunk.length + left)), end)
    })
  }
  return { ...(await tcpProxy(port, join)), cuts: () => cuts }
}
