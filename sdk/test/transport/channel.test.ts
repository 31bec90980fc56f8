import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Metadata, status } from '@grpc/grpc-js'
import { describe, expect, test, vi } from 'vitest'

import { CancelledError, ConfigError, TimeoutError, UnavailableError, WorkerCrashedError } from '../../src/errors.js'
import { limitsOf } from '../../src/transport/call-options.js'
import { drain } from './drain.js'
import { type Duplex, type Streaming, TestServer, type Unary, type UnaryAnswer } from './test-server.js'

const none = limitsOf({})
const events = (call: Streaming, count: number) => {
  for (let seq = 1; seq <= count; seq += 1) call.write({ event: { seq } })
}
const until = (condition: () => boolean) =>
  vi.waitFor(
    () => {
      expect(condition()).toBe(true)
    },
    { timeout: 5000, interval: 5 },
  )

/** A server whose Watch never ends, and what it saw of it. */
async function endless(first = 3) {
  const seen = { calls: 0, cancelled: 0 }
  const Watch = (call: Streaming) => {
    seen.calls += 1
    call.on('cancelled', () => {
      seen.cancelled += 1
    })
    events(call, first)
  }
  const server = await TestServer.start({ Experiments: { Watch } })
  return { seen, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe('a call', () => {
  test('W4: sends the token, the protocol and the deadline', async () => {
    let metadata: Metadata | undefined
    let deadline: unknown
    const Info = (call: Unary, answer: UnaryAnswer) => {
      metadata = call.metadata
      deadline = call.getDeadline()
      answer(null, { workerVersion: '9' })
    }
    await using server = await TestServer.start({ System: { Info } })
    const before = Date.now()
    const info = await server.channel().unary('System.Info', {}, { timeoutMs: 5000 })
    expect(info.workerVersion).toBe('9')
    expect(metadata?.get('cowmask-token')).toEqual(['a token'])
    expect(metadata?.get('cowmask-protocol')).toEqual(['1'])
    expect(Number(deadline)).toBeGreaterThan(before + 4000)
    expect(Number(deadline)).toBeLessThan(before + 6000)
  })

  test('W4: that is not answered in time ends as TimeoutError, and the server sees it end', async () => {
    let cancelled = false
    const Info = (call: Unary) => {
      call.on('cancelled', () => {
        cancelled = true
      })
    }
    await using server = await TestServer.start({ System: { Info } })
    const started = performance.now()
    const call = server.channel().unary('System.Info', {}, { timeoutMs: 100 })
    await expect(call).rejects.toBeInstanceOf(TimeoutError)
    await expect(call).rejects.toMatchObject({
      code: 'TIMEOUT',
      retryable: true,
      message: expect.stringContaining('100 ms') as string,
    })
    expect(performance.now() - started).toBeLessThan(1000)
    await until(() => cancelled)
  })

  test('is cancelled on the server when its signal aborts, and tells the reason', async () => {
    let cancelled = false
    const Info = (call: Unary) => {
      call.on('cancelled', () => {
        cancelled = true
      })
    }
    await using server = await TestServer.start({ System: { Info } })
    const abort = new AbortController()
    const call = server.channel().unary('System.Info', {}, { signal: abort.signal })
    setTimeout(() => {
      abort.abort(new Error('enough'))
    }, 50)
    await expect(call).rejects.toBeInstanceOf(CancelledError)
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED', cause: { message: 'enough' } })
    await until(() => cancelled)
  })

  test('leaves no listener on the signal behind', async () => {
    const Info = (_: Unary, answer: UnaryAnswer) => {
      answer(null, {})
    }
    await using server = await TestServer.start({ System: { Info } })
    const { signal } = new AbortController()
    const channel = server.channel()
    for (let count = 0; count < 20; count += 1) await channel.unary('System.Info', {}, { signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('whose signal had aborted before is never sent', async () => {
    let calls = 0
    const Info = () => {
      calls += 1
    }
    await using server = await TestServer.start({ System: { Info } })
    const call = server.channel().unary('System.Info', {}, { signal: AbortSignal.abort('no') })
    await expect(call).rejects.toMatchObject({ name: 'CancelledError', cause: 'no' })
    expect(calls).toBe(0)
  })

  test.each([0, -1, NaN])('refuses a timeoutMs of %d', async (timeoutMs) => {
    await using server = await TestServer.start({})
    const call = server.channel().unary('System.Info', {}, { timeoutMs })
    await expect(call).rejects.toBeInstanceOf(ConfigError)
    await expect(call).rejects.toMatchObject({ violations: [{ path: 'timeoutMs' }] })
  })

  test('W2: takes messages above the 4 MiB that gRPC allows by default, and refuses them above 16 MiB', async () => {
    const Generate = (call: Streaming) => {
      const bytes = Number(call.request.count)
      call.write({ chunk: { data: Buffer.alloc(bytes) } })
      call.end()
    }
    await using server = await TestServer.start({ Masks: { Generate } })
    const channel = server.channel()
    const read = async (count: number) => {
      for await (const { chunk } of channel.stream('Masks.Generate', { count }, none)) return chunk?.data.length
      return undefined
    }
    expect(await read(15 << 20)).toBe(15 << 20)
    await expect(read(17 << 20)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})

describe('a stream', () => {
  test('is cancelled on the server when its loop is left', async () => {
    await using fake = await endless()
    const { seen, server } = fake
    for await (const { event } of server.channel().stream('Experiments.Watch', { runId: 'r' }, none))
      if (event?.seq === 2) break
    await until(() => seen.cancelled === 1)
  })

  test('is cancelled on the server when its loop throws', async () => {
    await using fake = await endless()
    const { seen, server } = fake
    const loop = async () => {
      for await (const { event } of server.channel().stream('Experiments.Watch', {}, none))
        throw new Error(`at ${String(event?.seq)}`)
    }
    await expect(loop()).rejects.toThrow('at 1')
    await until(() => seen.cancelled === 1)
  })

  test('that fails at once tells its error, not an empty end', async () => {
    const Watch = (call: Streaming) => {
      call.emit('error', { code: status.NOT_FOUND, details: 'no such run' })
    }
    await using server = await TestServer.start({ Experiments: { Watch } })
    const stream = server.channel().stream('Experiments.Watch', {}, none)
    const first = stream.next()
    // The call has failed long before anybody looks at the promise.
    first.catch(() => undefined)
    await sleep(100)
    await expect(first).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no such run') as string,
    })
  })

  test('gives all messages that came before its error', async () => {
    const Watch = (call: Streaming) => {
      events(call, 3)
      call.emit('error', { code: status.INTERNAL, details: 'broken' })
    }
    await using server = await TestServer.start({ Experiments: { Watch } })
    const seen: number[] = []
    const loop = async () => {
      for await (const { event } of server.channel().stream('Experiments.Watch', {}, none)) {
        await sleep(20)
        seen.push(event?.seq ?? 0)
      }
    }
    await expect(loop()).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(seen).toEqual([1, 2, 3])
  })

  test('ends by its signal while it waits, and lets go of the signal', async () => {
    await using fake = await endless()
    const { seen, server } = fake
    const abort = new AbortController()
    const loop = async () => {
      for await (const { event } of server
        .channel()
        .stream('Experiments.Watch', {}, limitsOf({ signal: abort.signal })))
        if (event?.seq === 3)
          setTimeout(() => {
            abort.abort()
          }, 20)
    }
    await expect(loop()).rejects.toBeInstanceOf(CancelledError)
    await until(() => seen.cancelled === 1)
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0)
  })

  test('F9: holds the server back while nobody reads', async () => {
    let written = 0
    const Generate = (call: Streaming) => {
      const more = () => {
        while (!call.destroyed && written < 500) {
          written += 1
          if (!call.write({ chunk: { data: Buffer.alloc(1 << 20) } })) {
            call.once('drain', more)
            return
          }
        }
        call.end()
      }
      more()
    }
    await using server = await TestServer.start({ Masks: { Generate } })
    let read = 0
    for await (const { chunk } of server.channel().stream('Masks.Generate', {}, none)) {
      read += chunk ? 1 : 0
      if (read === 5) await sleep(300)
      if (read === 6) break
    }
    // Two windows of 16 MiB and what lies in buffers, far from the 500 MiB that there are.
    expect(written).toBeLessThan(100)
  })

  test('takes requests only as fast as the server reads them', async () => {
    let taken = 0
    const Predict = (call: Duplex) => {
      call.pause()
    }
    await using server = await TestServer.start({ Models: { Predict } })
    function* requests() {
      for (; taken < 500; taken += 1) yield { chunk: { data: Buffer.alloc(1 << 20) } }
    }
    await expect(
      drain(server.channel().duplex('Models.Predict', requests(), limitsOf({ timeoutMs: 500 }))),
    ).rejects.toBeInstanceOf(TimeoutError)
    expect(taken).toBeLessThan(100)
  })

  test('tells an error of the server although requests are left', async () => {
    const Predict = (call: Duplex) => {
      call.once('data', () => call.emit('error', { code: status.INVALID_ARGUMENT, details: 'wrong' }))
    }
    await using server = await TestServer.start({ Models: { Predict } })
    function* requests() {
      for (let count = 0; count < 50; count += 1) yield { chunk: { data: Buffer.alloc(1 << 20) } }
    }
    await expect(drain(server.channel().duplex('Models.Predict', requests(), none))).rejects.toBeInstanceOf(ConfigError)
  })
})

describe('L5: close', () => {
  test('ends calls and streams, on the server too, and may come twice', async () => {
    await using fake = await endless()
    const { seen, server } = fake
    const channel = server.channel()
    const loop = async () => {
      for await (const { event } of channel.stream('Experiments.Watch', {}, none))
        if (event?.seq === 3)
          setTimeout(() => {
            channel.close()
          }, 10)
    }
    await expect(loop()).rejects.toMatchObject({ name: 'CancelledError', code: 'CLIENT_CLOSED' })
    await until(() => seen.cancelled === 1)
    channel.close()
    await expect(channel.unary('System.Info', {})).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    await expect(channel.stream('Experiments.Watch', {}, none).next()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  })
})

describe('F12: a second attempt', () => {
  const unavailable = { code: status.UNAVAILABLE, details: 'try later' }

  /** A server that fails a number of times, then answers. */
  async function flaky(failures: number, error: object = unavailable) {
    const seen = { calls: 0, keys: new Set<unknown>() }
    const handler = (call: Unary, answer: UnaryAnswer) => {
      seen.calls += 1
      seen.keys.add(call.request.idempotencyKey)
      if (seen.calls <= failures) answer(error)
      else answer(null, { run: { id: 'r' } })
    }
    const server = await TestServer.start({
      Experiments: { Get: handler, Start: handler, Cancel: handler, Resume: handler, Delete: handler },
    })
    return { seen, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  }

  test('is made for a read', async () => {
    await using fake = await flaky(2)
    const { seen, server } = fake
    expect((await server.channel().unary('Experiments.Get', {})).run?.id).toBe('r')
    expect(seen.calls).toBe(3)
  })

  test('is made for a start, with the same key', async () => {
    await using fake = await flaky(2)
    const { seen, server } = fake
    await server.channel().unary('Experiments.Start', { idempotencyKey: 'k' })
    expect(seen).toEqual({ calls: 3, keys: new Set(['k']) })
  })

  test.each(['Experiments.Cancel', 'Experiments.Resume', 'Experiments.Delete'] as const)(
    'is not made for %s',
    async (name) => {
      await using fake = await flaky(1)
      const { seen, server } = fake
      await expect(server.channel().unary(name, {})).rejects.toBeInstanceOf(UnavailableError)
      expect(seen.calls).toBe(1)
    },
  )

  test.each([status.INTERNAL, status.UNKNOWN, status.DATA_LOSS, status.ABORTED, status.RESOURCE_EXHAUSTED])(
    'is not made after status %d',
    async (code) => {
      await using fake = await flaky(1, { code, details: 'no' })
      const { seen, server } = fake
      await expect(server.channel().unary('Experiments.Get', {})).rejects.toThrow('no')
      expect(seen.calls).toBe(1)
    },
  )

  test('ends with the budget', async () => {
    await using fake = await flaky(Infinity)
    const { seen, server } = fake
    const started = performance.now()
    await expect(server.channel({ retryBudgetMs: 300 }).unary('Experiments.Get', {})).rejects.toBeInstanceOf(
      UnavailableError,
    )
    expect(performance.now() - started).toBeLessThan(3000)
    expect(seen.calls).toBeGreaterThan(1)
  })

  test('is not made once the worker has died: the error tells how', async () => {
    await using fake = await flaky(Infinity)
    const { seen, server } = fake
    const end = { signal: 'SIGKILL', stderrTail: 'last words' }
    const worker: { end: typeof end | undefined; ended: Promise<typeof end> } = {
      end: undefined,
      ended: sleep(50).then(() => (worker.end = end)),
    }
    const call = server.channel({ worker }).unary('Experiments.Get', {})
    await expect(call).rejects.toBeInstanceOf(WorkerCrashedError)
    await expect(call).rejects.toMatchObject({ signal: 'SIGKILL', stderrTail: 'last words' })
    expect(seen.calls).toBe(1)
  })
})
