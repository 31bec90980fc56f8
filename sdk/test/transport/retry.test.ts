import { describe, expect, test } from 'vitest'

import { UnavailableError } from '../../src/errors.js'
import { drain } from './drain.js'
import { RetryBudget, reconnecting } from '../../src/transport/retry.js'

describe('F12: a retry budget', () => {
  test('lets the sum of waits never pass it, and is not filled up again', async () => {
    const budget = new RetryBudget(10, 2, 4, () => 1)
    const started = performance.now()
    // 2, 4, 4 fit into 10; the fourth wait doesn't.
    expect([await budget.wait(), await budget.wait(), await budget.wait(), await budget.wait()]).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(performance.now() - started).toBeGreaterThanOrEqual(9)
    expect(await budget.wait()).toBe(false)
  })

  test('ends a wait when the signal aborts', async () => {
    const budget = new RetryBudget(1e6, 1e5, 1e5, () => 1)
    const abort = new AbortController()
    setTimeout(() => {
      abort.abort()
    }, 10)
    expect(await budget.wait(abort.signal)).toBe(false)
  })
})

describe('F3: a stream that is taken up again', () => {
  test.each([1, 2, 3, 7])('shows each of 20 events once when the connection is cut after every %d', async (cut) => {
    let next = 1
    const open = async function* () {
      for (let sent = 0; next <= 20; sent += 1) {
        if (sent === cut) throw new UnavailableError('cut')
        yield await Promise.resolve(next++)
      }
    }
    expect(await drain(reconnecting(open, new RetryBudget(1000, 1, 1)))).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
  })

  test('tells any other error at once', async () => {
    let opened = 0
    const open = async function* () {
      opened += 1
      yield await Promise.resolve(1)
      throw new TypeError('mine')
    }
    await expect(drain(reconnecting(open, new RetryBudget(1000)))).rejects.toThrow('mine')
    expect(opened).toBe(1)
  })
})
