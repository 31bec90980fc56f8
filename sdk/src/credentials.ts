import { readFile } from 'node:fs/promises'

import { ConfigError } from './errors.js'
import { refuseUnknown } from './option-names.js'
import type { TlsMaterial } from './transport/tls.js'

/** Where a token stands: a file that holds nothing else, or an environment variable. */
export type TokenSource = { readonly file: string } | { readonly variable: string }

/** Who may be talked to over TLS, and what is shown of this side. Each is a PEM file's path, or its content. */
export interface TlsOptions {
  /** The authority of the worker's certificate. Default: the authorities that Node trusts. */
  readonly authority?: string | Uint8Array | undefined
  /** This client's certificate, for a worker that asks for one. */
  readonly certificate?: string | Uint8Array | undefined
  /** The key of `certificate`. */
  readonly key?: string | Uint8Array | undefined
}

const TOKEN_VARIABLE = 'COWMASK_TOKEN'
const NAMES = ['authority', 'certificate', 'key'] as const

/** @throws ConfigError that says where no token was found */
export async function readToken(token: string | TokenSource = { variable: TOKEN_VARIABLE }): Promise<string> {
  if (typeof token === 'string') return sound(token, 'The token')
  refuseUnknown(token, ['file', 'variable'])
  if ('file' in token) return sound((await fileOf(token.file, 'token.file')).toString('utf8'), token.file)
  return sound(process.env[token.variable] ?? '', `The variable ${token.variable}`)
}

/** Reads the files. @throws ConfigError for one that can not be read, and for a certificate without its key */
export async function readTls(tls: TlsOptions): Promise<TlsMaterial> {
  refuseUnknown(tls, NAMES)
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    const missing = tls.key === undefined ? 'key' : 'certificate'
    throw wrong(`tls.${missing}`, 'is required: certificate and key go together.')
  }
  const read = async (name: (typeof NAMES)[number]) => {
    const given = tls[name]
    return typeof given === 'string' ? await fileOf(given, `tls.${name}`) : given
  }
  return { authority: await read('authority'), certificate: await read('certificate'), key: await read('key') }
}

/** What gRPC can send. Never told in the message, since something may be in the wrong place. */
function sound(text: string, where: string): string {
  const token = text.trim()
  if (/^[\x20-\x7e]+$/.test(token)) return token
  const reason =
    token === '' ? `is required. ${where} is empty or missing.` : `must be one line of ASCII. ${where} is not.`
  throw wrong('token', reason)
}

function fileOf(path: string, option: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw wrong(option, `cannot be read: ${String(cause)}.`, cause)
  })
}

const wrong = (path: string, reason: string, cause?: unknown) => new ConfigError([{ path, reason }], { cause })
