import { describe, expect, test, vi } from 'vitest'

import * as errors from '../src/errors.js'

const { ConfigError, CowMaskError, OutOfMemoryError, RemoteError, TimeoutError, errorCodes } = errors

describe('an error', () => {
  test('is an instance of its own classes and of no other', () => {
    const error = new OutOfMemoryError('full')
    expect(error).toBeInstanceOf(OutOfMemoryError)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toBeInstanceOf(CowMaskError)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(TimeoutError)
    expect(new Error('other')).not.toBeInstanceOf(CowMaskError)
    expect(undefined as unknown).not.toBeInstanceOf(CowMaskError)
  })

  test('of another copy of the package is known', async () => {
    vi.resetModules()
    const copy = await import('../src/errors.js')
    expect(copy.TimeoutError).not.toBe(TimeoutError)
    expect(new copy.TimeoutError('late')).toBeInstanceOf(TimeoutError)
    expect(new copy.TimeoutError('late')).not.toBeInstanceOf(RemoteError)
  })

  test('of a class that a user derives is no instance of its sisters', () => {
    class Mine extends CowMaskError {}
    expect(new Mine('TIMEOUT', 'm')).toBeInstanceOf(Mine)
    expect(new CowMaskError('TIMEOUT', 'm')).not.toBeInstanceOf(Mine)
  })

  test.each(Object.keys(errorCodes))('of code %s says what to do', (code) => {
    const error = new CowMaskError(code, 'what happened')
    expect(error.hint).toMatch(/\.$/)
    expect(String(error)).toContain(code)
    expect(String(error)).toContain(error.hint)
  })

  test('keeps its cause, and the hint it is given', () => {
    const cause = new Error('below')
    expect(new CowMaskError('INTERNAL', 'm', { cause, hint: 'mine' })).toMatchObject({
      cause,
      hint: 'mine',
      retryable: false,
    })
  })

  test('about options names each with its reason', () => {
    const one = new ConfigError([{ path: 'mix.sgma', reason: 'is no option here.', nearest: 'sigma' }])
    expect(one.message).toBe('mix.sgma: is no option here. Did you mean `sigma`?')
    const two = new ConfigError([...one.violations, { path: 'steps', reason: 'must be less.' }])
    expect(two.message).toMatch(/^2 options are wrong\.\n {2}mix\.sgma.*\n {2}steps: must be less\.$/)
  })
})
