import { type Metadata, type ServiceError, status } from '@grpc/grpc-js'

import {
  CancelledError,
  ConfigError,
  type CowMaskError,
  OutOfMemoryError,
  type ProcessEnd,
  ProtocolMismatchError,
  RemoteError,
  TimeoutError,
  UnavailableError,
  WorkerCrashedError,
} from '../errors.js'
import { PROTOCOL } from '../version.js'
import { message } from './contract.js'
import type { ErrorDetail__Output } from './generated/cowmask/v1/ErrorDetail.js'

/** What is known about a failed call besides its status. */
export interface CallFacts {
  /** `Service.Method`. */
  readonly method: string
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Set once the client was closed. */
  readonly closed?: boolean | undefined
  /** Set once the worker's process was seen to have ended. */
  readonly worker?: ProcessEnd | undefined
}

interface Refusal extends CallFacts {
  readonly error: ServiceError
  readonly detail: ErrorDetail__Output | undefined
}

// On the wire, an absent text is an empty one.
const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

const said = (refusal: Refusal): string => {
  const { method, detail, error } = refusal
  return `${method}: ${given(detail?.failure?.message) ?? given(error.details) ?? error.message}`
}

const options = ({ detail, error }: Refusal) => ({ cause: error, hint: given(detail?.failure?.hint) })

const origin = ({ detail }: Refusal) => ({
  pythonType: given(detail?.failure?.pythonType),
  traceback: given(detail?.failure?.traceback),
})

const remote =
  (byStatus: string) =>
  (refusal: Refusal): CowMaskError => {
    const code = given(refusal.detail?.failure?.code) ?? byStatus
    if (code === 'OUT_OF_MEMORY') return new OutOfMemoryError(said(refusal), origin(refusal), options(refusal))
    return new RemoteError(code, said(refusal), origin(refusal), options(refusal))
  }

const cancelled = ({ method, signal, closed, error }: Refusal): CowMaskError =>
  closed
    ? new CancelledError(
        `${method}: the client was closed while the call was under way.`,
        { cause: error },
        'CLIENT_CLOSED',
      )
    : new CancelledError(
        `${method}: the call was ${signal?.aborted ? 'aborted by its signal' : 'cancelled by the worker'}.`,
        {
          cause: signal?.aborted ? signal.reason : error,
        },
      )

const timeout = ({ method, timeoutMs, error }: Refusal): CowMaskError =>
  new TimeoutError(`${method}: no answer${timeoutMs === undefined ? ' in time' : ` within ${String(timeoutMs)} ms`}.`, {
    cause: error,
  })

const invalid = (refusal: Refusal): CowMaskError =>
  new ConfigError(
    (refusal.detail?.violations ?? []).map(({ path, reason, nearest }) => ({
      path,
      reason,
      nearest: given(nearest),
    })),
    { ...options(refusal), message: said(refusal) },
  )

const unavailable = (refusal: Refusal): CowMaskError => {
  const { method, detail, error } = refusal
  if (refusal.worker) return crashed(method, refusal.worker, error)
  if (detail?.failure?.code) return remote('UNAVAILABLE')(refusal)
  return new UnavailableError(`${method}: no connection to the worker (${error.details}).`, { cause: error })
}

const unknownMethod = (refusal: Refusal): CowMaskError =>
  new ProtocolMismatchError(
    `${refusal.method}: the worker does not know this method; this SDK speaks protocol ${String(PROTOCOL)}.`,
    { cause: refusal.error },
  )

/** The one table: which error a gRPC status becomes. The code in the error's details, where there are any, goes first. */
const BY_STATUS: Readonly<Record<Exclude<status, status.OK>, (refusal: Refusal) => CowMaskError>> = {
  [status.CANCELLED]: cancelled,
  [status.UNKNOWN]: remote('INTERNAL'),
  [status.INVALID_ARGUMENT]: invalid,
  [status.DEADLINE_EXCEEDED]: timeout,
  [status.NOT_FOUND]: remote('NOT_FOUND'),
  [status.ALREADY_EXISTS]: remote('ALREADY_EXISTS'),
  [status.PERMISSION_DENIED]: remote('UNAUTHENTICATED'),
  [status.RESOURCE_EXHAUSTED]: remote('RESOURCE_EXHAUSTED'),
  [status.FAILED_PRECONDITION]: remote('FAILED_PRECONDITION'),
  [status.ABORTED]: remote('ABORTED'),
  [status.OUT_OF_RANGE]: remote('OUT_OF_RANGE'),
  [status.UNIMPLEMENTED]: unknownMethod,
  [status.INTERNAL]: remote('INTERNAL'),
  [status.UNAVAILABLE]: unavailable,
  [status.DATA_LOSS]: remote('DATA_LOSS'),
  [status.UNAUTHENTICATED]: remote('UNAUTHENTICATED'),
}

/** Makes the error that a caller sees from one that grpc-js reports. */
export function errorFrom(error: ServiceError, facts: CallFacts): CowMaskError {
  const refusal = { ...facts, error, detail: detailOf(error.metadata) }
  // The end of a call that the caller stopped may be reported as anything.
  if (facts.closed || facts.signal?.aborted) return cancelled(refusal)
  const make = error.code in BY_STATUS ? BY_STATUS[error.code as Exclude<status, status.OK>] : remote('INTERNAL')
  return make(refusal)
}

/** The error for calls to a worker whose process has ended. */
export function crashed(method: string, end: ProcessEnd, cause?: unknown): WorkerCrashedError {
  const how = end.signal ? `was ended by ${end.signal}` : `exited with code ${String(end.exitCode)}`
  return new WorkerCrashedError(`${method}: the worker process ${how}.`, end, { cause })
}

function detailOf(metadata: Metadata | undefined): ErrorDetail__Output | undefined {
  const [bytes] = metadata?.get('cowmask-error-bin') ?? []
  return Buffer.isBuffer(bytes) ? message<ErrorDetail__Output>('ErrorDetail').deserialize(bytes) : undefined
}
