import { type SecureContext, checkServerIdentity, createSecureContext } from 'node:tls'
import { isIP } from 'node:net'

import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js'

import { ConfigError } from '../errors.js'
import { hostAndPort } from './address.js'

/** PEM, read already. */
export interface TlsMaterial {
  /** Whom to trust; absent: the authorities that Node trusts. */
  readonly authority?: Uint8Array | undefined
  /** What to show of ourselves. */
  readonly certificate?: Uint8Array | undefined
  readonly key?: Uint8Array | undefined
}

/**
 * What is needed to encrypt, TLS 1.2 or newer.
 *
 * @throws ConfigError for material that is no PEM, and for a key that is another certificate's
 */
export function secureContext({ authority, certificate, key }: TlsMaterial): SecureContext {
  const pem = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes)
  const ca = pem(authority)
  // Node takes anything for an authority, and then trusts nobody.
  if (ca && !ca.includes('-----BEGIN CERTIFICATE-----')) throw wrong('authority', 'must be certificates in PEM.')
  try {
    createSecureContext({ ca })
  } catch (cause) {
    throw wrong('authority', `must be certificates in PEM: ${String(cause)}.`, cause)
  }
  try {
    return createSecureContext({ ca, cert: pem(certificate), key: pem(key), minVersion: 'TLSv1.2' })
  } catch (cause) {
    throw wrong('key', `must be the certificate's key, both in PEM, without a passphrase: ${String(cause)}.`, cause)
  }
}

const wrong = (option: keyof TlsMaterial, reason: string, cause?: unknown) =>
  new ConfigError([{ path: `tls.${option}`, reason }], { cause })

/** gRPC's own part of the connection: what it connects with, and options that go with it. */
export function secured(address: string, context: SecureContext): [ChannelCredentials, ChannelOptions] {
  const host = hostAndPort(address)?.host ?? ''
  if (isIP(host) === 0) return [ChannelCredentials.createFromSecureContext(context), {}]
  // An address of numbers is never sent as the server's name; gRPC would send it, and Node warn of that.
  const verify = {
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(host, certificate),
  }
  return [ChannelCredentials.createFromSecureContext(context, verify), { 'grpc.ssl_target_name_override': 'localhost' }]
}
