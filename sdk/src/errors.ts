/** What is known about a code: what to do when no better advice is at hand, and whether trying again can help. */
interface CodeFacts {
  readonly hint: string
  readonly retryable: boolean
}

const fixed = (hint: string): CodeFacts => ({ hint, retryable: false })
const passing = (hint: string): CodeFacts => ({ hint, retryable: true })

/** Every code that the SDK itself gives or that a worker of this version may send. */
const CODES = {
  INVALID_OPTION: fixed('Correct the options that `violations` lists.'),
  PYTHON_NOT_FOUND: fixed(
    'Install Python 3.12, 3.13 or 3.14, or name one in COWMASK_PYTHON; `npx cowmask doctor` shows what was tried.',
  ),
  ENVIRONMENT_FAILED: fixed('Run `npx cowmask setup` to see each step, and `npx cowmask doctor` for what is missing.'),
  START_FAILED: fixed('Read `stderrTail`; `npx cowmask doctor` checks the interpreter and the worker environment.'),
  START_TIMEOUT: passing('Read `stderrTail`; on a slow machine raise `startTimeoutMs`.'),
  WORKER_CRASHED: fixed('Read `stderrTail`, then launch a new worker; runs go on with `resume()`.'),
  PROTOCOL_MISMATCH: fixed('Use the same version of `cowmask` on both sides.'),
  CLIENT_CLOSED: fixed('Make the call before `close()`, or open a new client.'),
  TIMEOUT: passing('Allow more time with `timeoutMs`.'),
  CANCELLED: fixed('The caller aborted this call; call again if that was not meant.'),
  UNAVAILABLE: passing('Check that the worker at this address is running and reachable.'),
  UNAUTHENTICATED: fixed("Pass the worker's own token to `connect()`."),
  TLS_UNTRUSTED: fixed("Pass the authority of the worker's certificate as `tls.authority`."),
  TLS_EXPIRED: fixed(
    'Give the worker a new certificate, `npx cowmask certs` makes one; if it is not expired, a clock is wrong.',
  ),
  TLS_WRONG_HOST: fixed('Connect by a name that the certificate holds, or make one with this name as `--host`.'),
  TLS_CLIENT_REFUSED: fixed(
    'Pass `tls.certificate` and `tls.key`, of the authority that the worker was given for clients.',
  ),
  TLS_REQUIRED: fixed("Pass `tls`, with the authority of the worker's certificate."),
  TLS_NOT_SPOKEN: fixed('Start the worker with `--tls-certificate` and `--tls-key`, and check the port.'),
  RESOURCE_EXHAUSTED: fixed('Ask for less at once; `system.info()` tells the limits.'),
  DEVICE_UNUSABLE: fixed(
    'Check driver and worker environment with `npx cowmask doctor`, or train on the CPU: `JAX_PLATFORMS=cpu`.',
  ),
  OUT_OF_MEMORY: fixed('Use a smaller `batchSize`, a smaller model or fewer images in one call.'),
  RUN_NOT_FOUND: fixed('`experiments.list()` shows the runs in this state folder.'),
  RUN_NOT_ENDED: fixed('Wait for the end of the run with `finished()`, or `cancel()` it.'),
  RUN_NOT_RESUMABLE: fixed('Only a cancelled, interrupted or failed run with a checkpoint goes on; start a new one.'),
  CHECKPOINT_NOT_FOUND: fixed('`models.checkpoints(run)` lists what there is.'),
  CHECKPOINT_DAMAGED: fixed('Name an earlier `step`; `models.checkpoints(run)` lists what there is.'),
  IDEMPOTENCY_CONFLICT: fixed('Use a new `idempotencyKey` for another run.'),
  STATE_IN_USE: fixed('Give each worker its own `stateDir`, or stop the worker that holds this one.'),
  STATE_UNUSABLE: fixed(
    'Name another `stateDir`, one that can be written; the message says what is wrong with this one.',
  ),
  TOO_MANY_STREAMS: passing('Leave loops over `events()` that are no longer needed; then try again.'),
  STORAGE_FULL: passing("Make room on the worker's disk; runs that wait for it go on by themselves."),
  INPUT_TIMEOUT: passing('Send the data without a pause.'),
  TASK_CRASHED: passing('Try again: the worker starts a new task process.'),
  TRAINER_KILLED: fixed('`resume()` goes on from the last checkpoint; if memory was short, use a smaller `batchSize`.'),
  TRAINER_STALLED: fixed('`resume()` goes on from the last checkpoint; if it hangs again, look at device and driver.'),
  NON_FINITE_LOSS: fixed('Lower `optimizer.learningRate` or the weights of `mix` and `perturb`.'),
  IMPORTED: fixed('`resume()` trains it; to predict, score or export, use it as it is.'),
  DATASET_NOT_PREPARED: fixed("Run `npx cowmask data prepare NAME` on the worker's machine."),
  DATASET_DAMAGED: fixed("Prepare it again: `npx cowmask data prepare NAME` on the worker's machine."),
  DATASET_UNUSABLE: fixed('The message names every image and folder that is not as it should be; correct these.'),
  DATASET_CHANGED: fixed('Start another run, or import the dataset that this run began with under its name again.'),
  DATASET_EXISTS: fixed('Import under another name, or with `replace: true` in place of the dataset that has it.'),
  SPLIT_NOT_FOUND: fixed(
    '`splits.list(dataset)` shows what is kept; `splits.create()` and `splits.import()` make more.',
  ),
  SPLIT_DAMAGED: fixed('Create it with the options that made it, or import its file again.'),
  SPLIT_MISMATCH: fixed('Use it with the images that it was made of, or create another one for the dataset.'),
  SPLIT_CHANGED: fixed('Bring back the images that the run began with, or start another run.'),
  CANCELLED_BY_USER: fixed('`resume()` goes on from the checkpoint that the cancelled run wrote.'),
  WORKER_STOPPING: fixed('The worker is shutting down; launch or connect to another.'),
  INTERNAL: fixed('This is a fault of the worker; `traceback` says where.'),
} as const satisfies Record<string, CodeFacts>

/** The codes of this version. A newer worker may send others, so `CowMaskError.code` is any string. */
export type ErrorCode = keyof typeof CODES

/** Lists every code with its standing advice. */
export const errorCodes: Readonly<Record<ErrorCode, CodeFacts>> = CODES

function factsOf(code: string): CodeFacts | undefined {
  return Object.hasOwn(CODES, code) ? CODES[code as ErrorCode] : undefined
}

/** What every error of this package is made from. */
export interface CowMaskErrorOptions {
  /** Defaults to the standing advice of the code. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Defaults to what is known of the code. */
  readonly retryable?: boolean | undefined
}

const KINDS = Symbol.for('cowmask.error.kinds')

/**
 * The root of all errors of this package. `instanceof` goes by a registered symbol, so that errors of one copy of the
 * package are known to another copy in the same process.
 */
export class CowMaskError extends Error {
  static readonly kind: string = 'CowMaskError'

  /** Stable name of what went wrong; program against this, not against the message. */
  readonly code: string
  /** What to do next. */
  readonly hint: string
  /** Whether the same call may succeed later. */
  readonly retryable: boolean

  constructor(code: ErrorCode | (string & {}), message: string, options: CowMaskErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const facts = factsOf(code)
    this.code = code
    this.hint = options.hint ?? facts?.hint ?? ''
    this.retryable = options.retryable ?? facts?.retryable ?? false
    this.name = new.target.kind
    const kinds: string[] = []
    for (let type = new.target as typeof CowMaskError | null; type && 'kind' in type;) {
      kinds.push(type.kind)
      type = Object.getPrototypeOf(type) as typeof CowMaskError | null
    }
    Object.defineProperty(this, KINDS, { value: kinds })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!Object.hasOwn(this, 'kind')) return Function.prototype[Symbol.hasInstance].call(this, value)
    if (typeof value !== 'object' || value === null || !(KINDS in value)) return false
    return (value as { [KINDS]: readonly string[] })[KINDS].includes(this.kind)
  }

  /** The message, followed by the advice on a line of its own. */
  override toString(): string {
    return `${this.name} [${this.code}]: ${this.message}${this.hint ? `\n  hint: ${this.hint}` : ''}`
  }
}

/** One option that was refused. */
export interface Violation {
  /** As a script writes it, such as `mix.sigma`. */
  readonly path: string
  /** What is wrong and what is allowed. */
  readonly reason: string
  /** The nearest allowed name, for a misspelling. */
  readonly nearest?: string | undefined
}

function describe({ path, reason, nearest }: Violation): string {
  return `${path || '(options)'}: ${reason}${nearest ? ` Did you mean \`${nearest}\`?` : ''}`
}

/** Options were refused, by the SDK before anything was sent or by the worker; nothing was done. */
export class ConfigError extends CowMaskError {
  static override readonly kind: string = 'ConfigError'
  readonly violations: readonly Violation[]

  constructor(violations: readonly Violation[], options: CowMaskErrorOptions & { readonly message?: string } = {}) {
    const lines = violations.map(describe)
    const message = lines.length > 1 ? `${String(lines.length)} options are wrong.\n  ${lines.join('\n  ')}` : lines[0]
    super('INVALID_OPTION', message ?? options.message ?? 'An option is wrong.', options)
    this.violations = violations
  }
}

/** One interpreter that was looked at, and what it answered. */
export interface PythonCandidate {
  readonly path: string
  /** Where the path came from: `COWMASK_PYTHON`, `uv`, `pyenv`, `conda`, `/usr/bin`, `/opt`, `PATH`, ... */
  readonly source: string
  /** `3.13.1`; absent when it did not answer. */
  readonly version?: string | undefined
  /** Whether a worker environment can be made from it. */
  readonly usable: boolean
  /** Why not, unless usable. */
  readonly reason?: string | undefined
}

/** No interpreter that the worker runs on was found. */
export class PythonNotFoundError extends CowMaskError {
  static override readonly kind: string = 'PythonNotFoundError'
  readonly candidates: readonly PythonCandidate[]

  constructor(message: string, candidates: readonly PythonCandidate[], options: CowMaskErrorOptions = {}) {
    super('PYTHON_NOT_FOUND', message, options)
    this.candidates = candidates
  }
}

/** The worker environment could not be made, or is not there although `setup: false` was asked for. */
export class EnvironmentError extends CowMaskError {
  static override readonly kind: string = 'EnvironmentError'

  constructor(message: string, options: CowMaskErrorOptions = {}) {
    super('ENVIRONMENT_FAILED', message, options)
  }
}

/** How a worker process ended. */
export interface ProcessEnd {
  readonly exitCode?: number | undefined
  /** Such as `SIGKILL`. */
  readonly signal?: string | undefined
  /** The last 64 KiB that it wrote to stderr. */
  readonly stderrTail: string
}

/** The worker did not become reachable. */
export class StartError extends CowMaskError implements ProcessEnd {
  static override readonly kind: string = 'StartError'
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly stderrTail: string

  constructor(code: ErrorCode | (string & {}), message: string, end: ProcessEnd, options: CowMaskErrorOptions = {}) {
    super(code, message, options)
    this.exitCode = end.exitCode
    this.signal = end.signal
    this.stderrTail = end.stderrTail
  }
}

/** The worker process ended while it was in use. */
export class WorkerCrashedError extends CowMaskError implements ProcessEnd {
  static override readonly kind: string = 'WorkerCrashedError'
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly stderrTail: string

  constructor(message: string, end: ProcessEnd, options: CowMaskErrorOptions = {}) {
    super('WORKER_CRASHED', message, options)
    this.exitCode = end.exitCode
    this.signal = end.signal
    this.stderrTail = end.stderrTail
  }
}

/** SDK and worker speak different versions of the contract. */
export class ProtocolMismatchError extends CowMaskError {
  static override readonly kind: string = 'ProtocolMismatchError'

  constructor(message: string, options: CowMaskErrorOptions = {}) {
    super('PROTOCOL_MISMATCH', message, options)
  }
}

/** Where an error of the worker's came from. */
export interface RemoteOrigin {
  /** The exception's class, where an exception is behind it. */
  readonly pythonType?: string | undefined
  readonly traceback?: string | undefined
}

/** The worker refused a call, or failed in it. */
export class RemoteError extends CowMaskError implements RemoteOrigin {
  static override readonly kind: string = 'RemoteError'
  readonly pythonType: string | undefined
  readonly traceback: string | undefined

  constructor(
    code: ErrorCode | (string & {}),
    message: string,
    origin: RemoteOrigin = {},
    options: CowMaskErrorOptions = {},
  ) {
    super(code, message, options)
    this.pythonType = origin.pythonType
    this.traceback = origin.traceback
  }
}

/** The host's or the accelerator's memory did not suffice. */
export class OutOfMemoryError extends RemoteError {
  static override readonly kind: string = 'OutOfMemoryError'

  constructor(message: string, origin: RemoteOrigin = {}, options: CowMaskErrorOptions = {}) {
    super('OUT_OF_MEMORY', message, origin, options)
  }
}

/** A call was not answered within its `timeoutMs`. What it asked for may still have happened. */
export class TimeoutError extends CowMaskError {
  static override readonly kind: string = 'TimeoutError'

  constructor(message: string, options: CowMaskErrorOptions = {}) {
    super('TIMEOUT', message, options)
  }
}

/** The caller's signal, or `close()`, ended a call. `cause` is the signal's reason. */
export class CancelledError extends CowMaskError {
  static override readonly kind: string = 'CancelledError'

  constructor(message: string, options: CowMaskErrorOptions = {}, code: ErrorCode = 'CANCELLED') {
    super(code, message, options)
  }
}

/** No connection to the worker, and the time set aside for retries is used up. */
export class UnavailableError extends CowMaskError {
  static override readonly kind: string = 'UnavailableError'

  constructor(message: string, options: CowMaskErrorOptions = {}) {
    super('UNAVAILABLE', message, options)
  }
}

/** Client and worker do not agree on an encrypted connection; nothing was sent, the token neither. */
export class TlsError extends CowMaskError {
  static override readonly kind: string = 'TlsError'

  constructor(code: ErrorCode, message: string, options: CowMaskErrorOptions = {}) {
    super(code, message, options)
  }
}

/** Why and where a run stopped. */
export interface RunEnd extends RemoteOrigin {
  readonly runId: string
  readonly state: 'cancelled' | 'interrupted' | 'failed'
  /** Updates completed. */
  readonly step: number
  /** The trainer's exit code or signal, where its process died. */
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
}

/** A run ended without succeeding. `code` says why. */
export class RunError extends RemoteError implements RunEnd {
  static override readonly kind: string = 'RunError'
  readonly runId: string
  readonly state: RunEnd['state']
  readonly step: number
  readonly exitCode: number | undefined
  readonly signal: string | undefined

  constructor(code: ErrorCode | (string & {}), message: string, end: RunEnd, options: CowMaskErrorOptions = {}) {
    super(code, message, end, options)
    this.runId = end.runId
    this.state = end.state
    this.step = end.step
    this.exitCode = end.exitCode
    this.signal = end.signal
  }
}
