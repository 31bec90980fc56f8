import { type Socket, connect, isIP } from 'node:net'
import { type SecureContext, connect as connectTls, createSecureContext } from 'node:tls'

import { type ErrorCode, TlsError } from '../errors.js'
import { hostAndPort } from './address.js'
import type { CallLimits } from './call-options.js'

// What HTTP/2 begins with: the preface, and settings that set nothing.
const GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
const SETTINGS_FRAME = 4
const LONGEST_LOOK_MS = 2000

type Disagreement = Extract<ErrorCode, `TLS_${string}`>

/** How a greeting ended: with HTTP/2 on both sides, or how it went wrong and whether TLS was agreed on before. */
interface Finding {
  readonly met: boolean
  readonly encrypted: boolean
  readonly error?: NodeJS.ErrnoException | undefined
}

/**
 * Greets whoever is at the address, without a token, and finds out whether both sides mean the same by a connection:
 * gRPC tells every disagreement on TLS as a lost connection, and tries again. Where nobody answers, or something else
 * does, the telling is left to gRPC.
 *
 * @throws TlsError that says what the two do not agree on
 */
export async function makeFirstContact(
  address: string,
  context: SecureContext | undefined,
  { signal, deadline }: CallLimits,
): Promise<void> {
  const at = hostAndPort(address)
  if (!at) return
  const timeoutMs = Math.max(1, Math.min(LONGEST_LOOK_MS, deadline - Date.now()))
  const until = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
  const servername = isIP(at.host) === 0 ? at.host : ''
  const secure = { ...at, servername, ALPNProtocols: ['h2'] }

  if (context) {
    const found = await greet(connectTls({ ...secure, secureContext: context }), 'secureConnect', until)
    const disagreement = found && !found.met && codeOf(found)
    if (disagreement) throw failure(disagreement, address, found.error)
    return
  }
  const found = await greet(connect(at), 'connect', until)
  if (!found || found.met) return
  // It hung up on plain text: who wants TLS answers to that. Nothing is told to it, so it need not be who it says it is.
  const anybody = { ...secure, secureContext: createSecureContext(), rejectUnauthorized: false }
  const again = await greet(connectTls(anybody), 'secureConnect', until)
  if (again && (again.encrypted || isAlert(again.error))) throw failure('TLS_REQUIRED', address)
}

/** Undefined where nobody answers in time. */
function greet(socket: Socket, open: 'connect' | 'secureConnect', until: AbortSignal): Promise<Finding | undefined> {
  return new Promise((resolve) => {
    let encrypted = false
    const settle = (finding: Finding | undefined) => {
      until.removeEventListener('abort', giveUp)
      socket.destroy()
      resolve(finding)
    }
    const giveUp = () => {
      settle(undefined)
    }
    if (until.aborted) giveUp()
    until.addEventListener('abort', giveUp)
    socket.once(open, () => {
      encrypted = open === 'secureConnect'
      socket.write(GREETING)
    })
    socket.once('data', (chunk: Buffer) => {
      settle({ met: chunk[3] === SETTINGS_FRAME, encrypted })
    })
    socket.on('error', (error) => {
      settle({ met: false, encrypted, error })
    })
    socket.once('close', () => {
      settle({ met: false, encrypted })
    })
  })
}

const TIMES = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']
const isAlert = (error: NodeJS.ErrnoException | undefined) => error?.code?.includes('_ALERT_') ?? false

/** Undefined for what has nothing to do with TLS. */
function codeOf({ encrypted, error }: Finding): Disagreement | undefined {
  const code = error?.code ?? ''
  if (TIMES.includes(code)) return 'TLS_EXPIRED'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'TLS_WRONG_HOST'
  if (code.endsWith('_PROTOCOL_VERSION')) return 'TLS_NOT_SPOKEN'
  // It speaks TLS, but not gRPC.
  if (code.endsWith('_NO_APPLICATION_PROTOCOL')) return undefined
  // A server of TLS 1.3 judges a client's certificate when the client already takes the connection for made.
  if (encrypted || isAlert(error)) return 'TLS_CLIENT_REFUSED'
  if (code.startsWith('ERR_SSL_')) return 'TLS_NOT_SPOKEN'
  // Who hangs up without a word, as a port that leads to a worker not yet there, has told nothing of TLS.
  if (code === 'ECONNRESET') return undefined
  // Whatever is left that no system call reported is a verdict on the certificate.
  return error && error.syscall === undefined ? 'TLS_UNTRUSTED' : undefined
}

const SAID: Readonly<Record<Disagreement, (worker: string) => string>> = {
  TLS_UNTRUSTED: (worker) => `The certificate of ${worker} is of no authority that is trusted here`,
  TLS_EXPIRED: (worker) => `The certificate of ${worker} is not valid today`,
  TLS_WRONG_HOST: (worker) => `The certificate of ${worker} is for another host`,
  TLS_CLIENT_REFUSED: (worker) => `${worker} refuses a client with this certificate, or without one`,
  TLS_REQUIRED: (worker) => `${worker} speaks TLS, and this connection does not`,
  TLS_NOT_SPOKEN: (worker) => `${worker} does not speak TLS 1.2 or newer`,
}

function failure(code: Disagreement, address: string, error?: NodeJS.ErrnoException): TlsError {
  const said = SAID[code](`the worker at ${address}`)
  const reason = error ? ` (${error.code ?? error.message})` : ''
  return new TlsError(code, `${said.charAt(0).toUpperCase()}${said.slice(1)}${reason}.`)
}
