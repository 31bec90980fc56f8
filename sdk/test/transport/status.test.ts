import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'

import * as errors from '../../src/errors.js'
import { message } from '../../src/transport/contract.js'
import { errorFrom } from '../../src/transport/status.js'

function failure(code: status, detail?: object): ServiceError {
  const metadata = new Metadata()
  if (detail) metadata.set('cowmask-error-bin', message('ErrorDetail').serialize(detail))
  return Object.assign(new Error(`${String(code)} text`), { code, details: 'text', metadata })
}

const facts = { method: 'Masks.Generate' }

describe('W8: every gRPC status becomes one error class', () => {
  const table: [keyof typeof status, string, string][] = [
    ['CANCELLED', 'CancelledError', 'CANCELLED'],
    ['UNKNOWN', 'RemoteError', 'INTERNAL'],
    ['INVALID_ARGUMENT', 'ConfigError', 'INVALID_OPTION'],
    ['DEADLINE_EXCEEDED', 'TimeoutError', 'TIMEOUT'],
    ['NOT_FOUND', 'RemoteError', 'NOT_FOUND'],
    ['ALREADY_EXISTS', 'RemoteError', 'ALREADY_EXISTS'],
    ['PERMISSION_DENIED', 'RemoteError', 'UNAUTHENTICATED'],
    ['RESOURCE_EXHAUSTED', 'RemoteError', 'RESOURCE_EXHAUSTED'],
    ['FAILED_PRECONDITION', 'RemoteError', 'FAILED_PRECONDITION'],
    ['ABORTED', 'RemoteError', 'ABORTED'],
    ['OUT_OF_RANGE', 'RemoteError', 'OUT_OF_RANGE'],
    ['UNIMPLEMENTED', 'ProtocolMismatchError', 'PROTOCOL_MISMATCH'],
    ['INTERNAL', 'RemoteError', 'INTERNAL'],
    ['UNAVAILABLE', 'UnavailableError', 'UNAVAILABLE'],
    ['DATA_LOSS', 'RemoteError', 'DATA_LOSS'],
    ['UNAUTHENTICATED', 'RemoteError', 'UNAUTHENTICATED'],
  ]

  test.each(table)('%s is %s', (name, type, code) => {
    const cause = failure(status[name])
    const error = errorFrom(cause, facts)
    expect(error).toMatchObject({ name: type, code, cause })
    expect(error.message).toContain('Masks.Generate')
    expect(error).toBeInstanceOf(errors.CowMaskError)
  })

  test('none is forgotten', () => {
    const names = Object.keys(status).filter((name) => Number.isNaN(Number(name)) && name !== 'OK')
    expect(table.map(([name]) => name).sort()).toEqual(names.sort())
  })
})

describe('details of an error', () => {
  test('carry the code, hint, type and traceback', () => {
    const detail = {
      failure: {
        code: 'NON_FINITE_LOSS',
        message: 'loss is nan',
        hint: 'lower it',
        pythonType: 'FloatError',
        traceback: 'line 1',
      },
    }
    const error = errorFrom(failure(status.INTERNAL, detail), facts)
    expect(error).toBeInstanceOf(errors.RemoteError)
    expect(error).toMatchObject({
      code: 'NON_FINITE_LOSS',
      message: 'Masks.Generate: loss is nan',
      hint: 'lower it',
      pythonType: 'FloatError',
      traceback: 'line 1',
    })
  })

  test('tell memory from other limits', () => {
    const error = errorFrom(
      failure(status.RESOURCE_EXHAUSTED, { failure: { code: 'OUT_OF_MEMORY', message: 'm' } }),
      facts,
    )
    expect(error).toBeInstanceOf(errors.OutOfMemoryError)
    expect(error.hint).toContain('batchSize')
  })

  test('list every option that is wrong', () => {
    const violations = [
      { path: 'mix.sigma', reason: 'must be less.', nearest: '' },
      { path: 'steps', reason: 'is unknown.', nearest: 'epochs' },
    ]
    const error = errorFrom(failure(status.INVALID_ARGUMENT, { violations }), facts)
    expect(error).toHaveProperty('violations', [
      { path: 'mix.sigma', reason: 'must be less.', nearest: undefined },
      { path: 'steps', reason: 'is unknown.', nearest: 'epochs' },
    ])
    expect(error.message).toContain('mix.sigma: must be less.')
    expect(error.message).toContain('Did you mean `epochs`?')
  })

  test('a dead worker outweighs them', () => {
    const worker = { exitCode: 3, stderrTail: '' }
    const error = errorFrom(failure(status.UNAVAILABLE), { ...facts, worker })
    expect(error).toBeInstanceOf(errors.WorkerCrashedError)
    expect(error.message).toContain('exited with code 3')
  })
})
