import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'

/** Passes connections on to a port of this machine, and cuts each after as many bytes of the answer as `lifeBytes` says. */
export async function cuttingProxy(port: number, lifeBytes: () => number) {
  const open = new Set<Socket>()
  let cuts = 0
  const server = createServer((client) => {
    const worker = connect(port, '127.0.0.1')
    let left = lifeBytes()
    const end = () => {
      for (const socket of [client, worker]) {
        socket.destroy()
        open.delete(socket)
      }
    }
    for (const socket of [client, worker]) {
      open.add(socket)
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
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cuts: () => cuts,
    [Symbol.dispose]() {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
