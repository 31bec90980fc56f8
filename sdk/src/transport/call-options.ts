import { ConfigError } from '../errors.js'
import { refuseUnknown } from '../option-names.js'

/** What every call takes beside its own options. */
export interface CallOptions {
  /** Aborting it cancels the call, on the worker too; the call rejects with `CancelledError`. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds, above 0, until the call rejects with `TimeoutError`; counts over all attempts. */
  readonly timeoutMs?: number | undefined
}

/** `CallOptions` of a call that is under way: its time is fixed. */
export interface CallLimits extends CallOptions {
  /** Milliseconds since the epoch. */
  readonly deadline: number
}

/** Fixes the deadline, once for all attempts of a call and for all calls that it is made of. */
export function limitsOf(options: CallOptions | CallLimits, defaultTimeoutMs?: number): CallLimits {
  if ('deadline' in options && options.deadline !== Infinity) return options
  refuseUnknown(options, ['signal', 'timeoutMs', 'deadline'])
  const { signal, timeoutMs = defaultTimeoutMs } = options
  if (timeoutMs !== undefined && !(timeoutMs > 0))
    throw new ConfigError([
      { path: 'timeoutMs', reason: `must be a number of milliseconds above 0, but is ${String(timeoutMs)}.` },
    ])
  return { signal, timeoutMs, deadline: timeoutMs === undefined ? Infinity : Date.now() + timeoutMs }
}
