import { status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'

import { type RunEvent, runError } from '../src/events.js'
import { Experiments } from '../src/experiments.js'
import { drain } from './transport/drain.js'
import { type Streaming, TestServer, type Unary, type UnaryAnswer } from './transport/test-server.js'

const metrics = (seq: number) => ({
  seq,
  attempt: 1,
  metrics: { firstStep: (seq - 1) * 2, loss: [seq, seq + 0.1], labeledLoss: [1, NaN], stepsPerSecond: 7 },
})
const last = { seq: 9, attempt: 1, finished: { state: 'RUN_STATE_SUCCEEDED', step: 16 } }
const history = [...Array.from({ length: 8 }, (_, index) => metrics(index + 1)), last]

type Ending = 'unavailable' | 'quiet'

/** A worker whose streams break off after a number of events, with an error or as if they were complete. */
async function breaking(after: number, ending: Ending) {
  const asked: number[] = []
  const ended = { id: 'r', state: 'RUN_STATE_SUCCEEDED', lastSeq: 9, attempt: 1, finished: last.finished }
  const Watch = (call: Streaming) => {
    const from = Number(call.request.fromSeq)
    asked.push(from)
    const rest = history.filter(({ seq }) => seq >= from)
    for (const event of rest.slice(0, after)) call.write({ event })
    if (ending === 'quiet' || rest.length <= after) call.end()
    else call.emit('error', { code: status.UNAVAILABLE, details: 'cut' })
  }
  const Get = (_: Unary, answer: UnaryAnswer) => {
    answer(null, { run: ended })
  }
  const server = await TestServer.start({ Experiments: { Watch, Get } })
  const run = await new Experiments(server.channel()).get('r')
  return { run, asked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const steps = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'metrics' ? [event.step] : []))

describe('F3: events', () => {
  test.each([1, 2, 3, 8].flatMap((after) => [[after, 'unavailable'] as const, [after, 'quiet'] as const]))(
    'are each seen once when the connection breaks after every %d (%s)',
    async (after, ending) => {
      await using fake = await breaking(after, ending)
      const events = await drain(fake.run.events())
      expect(steps(events)).toEqual(Array.from({ length: 16 }, (_, step) => step))
      expect(events.at(-1)).toMatchObject({ type: 'finished', state: 'succeeded', step: 16, seq: 9 })
      expect(fake.asked).toEqual(Array.from({ length: Math.ceil(9 / after) }, (_, index) => 1 + index * after))
    },
  )

  test('begin where they are asked to', async () => {
    await using fake = await breaking(100, 'unavailable')
    expect(steps(await drain(fake.run.events({ fromSeq: 8 })))).toEqual([14, 15])
    expect(await drain(fake.run.events({ fromSeq: 10 }))).toEqual([])
  })

  test('of metrics are one object a step, NaN kept', async () => {
    await using fake = await breaking(100, 'quiet')
    const [first, second] = await drain(fake.run.events())
    expect(first).toMatchObject({ seq: 1, type: 'metrics', step: 0, loss: 1, labeledLoss: 1, stepsPerSecond: 7 })
    expect(second).toMatchObject({ seq: 1, type: 'metrics', step: 1, loss: 1.1, labeledLoss: NaN })
  })

  test("refuse options that they don't have", async () => {
    await using fake = await breaking(100, 'quiet')
    const events = drain(fake.run.events({ timeoutMS: 5 } as never))
    await expect(events).rejects.toMatchObject({ violations: [{ path: 'timeoutMS', nearest: 'timeoutMs' }] })
  })
})

describe('the error of a run', () => {
  test('tells why and where it ended', () => {
    const cause = {
      code: 'NON_FINITE_LOSS',
      message: 'the loss is nan',
      hint: 'lower it',
      pythonType: 'E',
      traceback: 'T',
    }
    expect(runError('r', { state: 'failed', step: 7, cause })).toMatchObject({
      ...cause,
      name: 'RunError',
      message: 'Run r failed at step 7: the loss is nan',
      runId: 'r',
      state: 'failed',
    })
  })
})
