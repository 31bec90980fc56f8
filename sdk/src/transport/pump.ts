import type { ClientDuplexStream } from '@grpc/grpc-js'

/**
 * Writes requests as fast as the call takes them, then closes its upper half. Returns early, without an error, when the
 * call ends first: what ended it is told to the reader.
 */
export async function pump<Request, Response>(
  call: ClientDuplexStream<Request, Response>,
  requests: Iterable<Request>,
): Promise<void> {
  const state = { ended: false }
  const ended = new Promise<void>((resolve) => {
    call.once('status', () => {
      state.ended = true
      resolve()
    })
  })
  for (const request of requests) {
    if (state.ended) return
    if (call.write(request)) continue
    await Promise.race([ended, new Promise((resolve) => call.once('drain', resolve))])
  }
  if (!state.ended) call.end()
}
