import type { SecureContext } from 'node:tls'

import {
  type CallOptions as GrpcCallOptions,
  Client,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  credentials,
  status,
} from '@grpc/grpc-js'

import { CancelledError, type CowMaskError, type ProcessEnd, UnavailableError } from '../errors.js'
import { type CallLimits, type CallOptions, limitsOf } from './call-options.js'
import { MESSAGE_BYTES, type MethodName, type RequestOf, type ResponseOf, method as methodOf } from './contract.js'
import { policies } from './policy.js'
import { RetryBudget } from './retry.js'
import { PROTOCOL } from '../version.js'
import { pump } from './pump.js'
import { crashed, errorFrom } from './status.js'
import { secured } from './tls.js'

/** A worker process that this client started: what a channel must know of it. */
export interface Liveness {
  /** How it ended; absent while it runs. */
  readonly end: ProcessEnd | undefined
  readonly ended: Promise<ProcessEnd>
}

export interface ChannelOptions {
  /** `unix:/path` or `host:port`. */
  readonly address: string
  readonly token: string
  /** Encrypts with TLS; absent: plain text. */
  readonly secure?: SecureContext | undefined
  readonly worker?: Liveness | undefined
  /** Milliseconds of silence after which the worker is asked whether it is there. Default: 30,000. */
  readonly pingAfterMs?: number | undefined
  /** Most milliseconds that one call may wait between attempts. */
  readonly retryBudgetMs?: number | undefined
}

interface Cancellable {
  cancel(): void
}

// With the 30 seconds of silence before a ping: a peer that is dead is noticed in less than 45.
const PONG_WITHIN_MS = 10_000
// A socket breaks a few milliseconds before the process that held it is reported dead.
const DEATH_NEWS_MS = 500

/** One connection to a worker. Every call ends when the channel is closed. */
export class Channel {
  private readonly client: Client
  private readonly metadata = new Metadata()
  private readonly calls = new Set<Cancellable>()
  private readonly worker: Liveness | undefined
  private readonly retryBudgetMs: number
  private closed = false

  constructor({ address, token, secure, worker, pingAfterMs = 30_000, retryBudgetMs = 5000 }: ChannelOptions) {
    this.worker = worker
    this.retryBudgetMs = retryBudgetMs
    this.metadata.set('cowmask-token', token)
    this.metadata.set('cowmask-protocol', String(PROTOCOL))
    const [identity, itsOptions] = secure ? secured(address, secure) : [credentials.createInsecure(), {}]
    this.client = new Client(address, identity, {
      ...itsOptions,
      // A process of ours is waited for instead; its socket can not go silent without it.
      ...(worker ? {} : { 'grpc.keepalive_time_ms': pingAfterMs, 'grpc.keepalive_timeout_ms': PONG_WITHIN_MS }),
      'grpc.max_receive_message_length': MESSAGE_BYTES,
      'grpc.max_send_message_length': MESSAGE_BYTES,
      'grpc-node.flow_control_window': MESSAGE_BYTES,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
      // A proxy that is meant for the web would be asked for sockets of this machine, too.
      'grpc.enable_http_proxy': 0,
    })
  }

  /** Calls a method that answers one message; repeats it where that is harmless. */
  async unary<M extends MethodName>(name: M, request: RequestOf<M>, options: CallOptions = {}): Promise<ResponseOf<M>> {
    const limits = limitsOf(options, policies[name].timeoutMs)
    return this.repeat(name, limits, () => this.unaryOnce(name, request, limits))
  }

  /** Calls a method that answers a stream. Leaving the loop cancels the call. */
  async *stream<M extends MethodName>(
    name: M,
    request: RequestOf<M>,
    limits: CallLimits,
  ): AsyncGenerator<ResponseOf<M>, undefined> {
    this.refuse(name, limits)
    const { path, requestSerialize, responseDeserialize } = methodOf(name)
    yield* this.read<ResponseOf<M>>(
      name,
      this.client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.metadata,
        grpcOptions(limits),
      ),
      limits,
    )
  }

  /** Calls a method that takes a stream and answers one. Requests are taken only as fast as they travel. */
  async *duplex<M extends MethodName>(
    name: M,
    requests: Iterable<RequestOf<M>>,
    limits: CallLimits,
  ): AsyncGenerator<ResponseOf<M>> {
    this.refuse(name, limits)
    const { path, requestSerialize, responseDeserialize } = methodOf(name)
    const call = this.client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.metadata,
      grpcOptions(limits),
    )
    const written = pump(call, requests)
    try {
      yield* this.read<ResponseOf<M>>(name, call, limits)
    } finally {
      call.cancel()
      await written
    }
  }

  /** Runs an attempt again after a lost connection, if the method allows it and the budget lasts. */
  async repeat<T>(name: MethodName, limits: CallLimits, attempt: () => Promise<T>): Promise<T> {
    const budget = this.retryBudget()
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (!policies[name].repeatable || !(error instanceof UnavailableError)) throw error
        if (!(await budget.wait(limits.signal))) throw error
      }
    }
  }

  retryBudget(totalMs = this.retryBudgetMs): RetryBudget {
    return new RetryBudget(totalMs)
  }

  /** Cancels every call that is under way. Closing twice is fine. */
  close(): void {
    this.closed = true
    for (const call of this.calls) call.cancel()
    this.client.close()
  }

  private unaryOnce<M extends MethodName>(name: M, request: RequestOf<M>, limits: CallLimits): Promise<ResponseOf<M>> {
    this.refuse(name, limits)
    const { path, requestSerialize, responseDeserialize } = methodOf(name)
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.metadata,
        grpcOptions(limits),
        (error, response) => {
          release()
          if (!error && response !== undefined) resolve(response)
          else this.explain(name, error, limits).then(reject, reject)
        },
      )
      const release = this.track(call, limits.signal)
    })
  }

  private async *read<T>(name: MethodName, call: ClientReadableStream<T>, limits: CallLimits): AsyncGenerator<T> {
    // An error that nobody listens for ends the process; one that came before the loop is lost to the loop.
    let failure: ServiceError | undefined
    call.on('error', (error: ServiceError) => {
      failure ??= error
    })
    const release = this.track(call, limits.signal)
    try {
      for await (const item of call as AsyncIterable<T>) {
        if (failure && (limits.signal?.aborted || this.closed)) break
        yield item
      }
    } catch (error) {
      failure ??= error as ServiceError
    } finally {
      // Leaving the loop destroys the readable, but leaves the call running on the worker.
      call.cancel()
      release()
    }
    if (failure) throw await this.explain(name, failure, limits)
  }

  /** Ends the call with the signal or with the channel. The function it returns lets go of the call. */
  private track(call: Cancellable, signal: AbortSignal | undefined): () => void {
    const abort = () => {
      call.cancel()
    }
    this.calls.add(call)
    signal?.addEventListener('abort', abort, { once: true })
    return () => {
      this.calls.delete(call)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Throws for a call that has no chance. */
  private refuse(name: MethodName, { signal }: CallLimits): void {
    if (this.closed) throw new CancelledError(`${name}: the client is closed.`, {}, 'CLIENT_CLOSED')
    if (signal?.aborted)
      throw new CancelledError(`${name}: the signal had aborted before the call.`, { cause: signal.reason })
    if (this.worker?.end) throw crashed(name, this.worker.end)
  }

  private async explain(name: MethodName, error: ServiceError | null, limits: CallLimits): Promise<CowMaskError> {
    const failure = error ?? (Object.assign(new Error('no message came'), { code: status.INTERNAL }) as ServiceError)
    if (failure.code === status.UNAVAILABLE && this.worker && !this.closed) await newsOf(this.worker)
    const { signal, timeoutMs } = limits
    return errorFrom(failure, { method: name, signal, timeoutMs, closed: this.closed, worker: this.worker?.end })
  }
}

function grpcOptions({ deadline }: CallLimits): GrpcCallOptions {
  return deadline === Infinity ? {} : { deadline }
}

async function newsOf(worker: Liveness): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DEATH_NEWS_MS)
  })
  await Promise.race([worker.ended, late])
  clearTimeout(timer)
}
