import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'

/**
 * Takes connections on a free port of this machine, and dials `port` for each; what passes between the two is for `join` to
 * say. With `allowHalfOpen` it also says when a side whose other end is closed is closed itself.
 */
export async function tcpProxy(
  port: number,
  join: (client: Socket, worker: Socket) => void,
  { allowHalfOpen = false } = {},
) {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen }, (client) => {
    const worker = connect({ port, host: '127.0.0.1', allowHalfOpen })
    for (const socket of [client, worker]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    join(client, worker)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port
  return {
    port: own,
    address: `127.0.0.1:${String(own)}`,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
