import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, join, resolve } from 'node:path'

import type { Extension } from '@peculiar/x509'

import { ConfigError } from './errors.js'

/** A certificate with its private key, both PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** From when to when a certificate is valid. */
export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

const DAY_MS = 86_400_000
const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const AUTHORITY_DAYS = 3650
// Clocks differ; a certificate of this moment is not valid yet where one is slow.
const SLOW_CLOCK_MS = 3_600_000

/** Valid from an hour ago, for clocks that are slow, to so many days from now. */
export function validFor(days: number): Validity {
  return { notBefore: new Date(Date.now() - SLOW_CLOCK_MS), notAfter: new Date(Date.now() + days * DAY_MS) }
}

/** A private authority, for certificates alone that it signs itself. */
export async function makeAuthority(name: string, validity: Validity): Promise<Identity> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = await library()
  return signed(name, validity, undefined, [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ])
}

/** A worker's certificate for these hosts, names or addresses; it may be shown as a client's, too, for health checks. */
export async function issueServer(
  authority: Identity,
  hosts: readonly string[],
  validity: Validity,
): Promise<Identity> {
  const { ExtendedKeyUsage, SubjectAlternativeNameExtension } = await library()
  const names = hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
  return issue(
    'cowmask worker',
    authority,
    validity,
    [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
    [new SubjectAlternativeNameExtension(names)],
  )
}

/** A client's certificate. */
export async function issueClient(authority: Identity, validity: Validity): Promise<Identity> {
  const { ExtendedKeyUsage } = await library()
  return issue('cowmask client', authority, validity, [ExtendedKeyUsage.clientAuth])
}

/** Options of `makeCertificates()`. */
export interface CertificatesOptions {
  /** Names and addresses by which clients call the worker, beside this machine's own `localhost`. */
  readonly hosts: readonly string[]
  /** How long worker's and client's certificates are valid. */
  readonly days: number
}

/**
 * Makes a folder that only this user may enter, with an authority and a certificate for the worker and one for clients,
 * each `NAME.pem` with its key `NAME-key.pem`. All of it is there at once, and nothing is ever overwritten.
 *
 * @throws ConfigError where the folder is there and holds something, and for hosts that are none
 */
export async function makeCertificates(folder: string, { hosts, days }: CertificatesOptions): Promise<string[]> {
  for (const host of hosts)
    if (isIP(host) === 0 && !/^(\*\.)?[\w-]+(\.[\w-]+)*$/.test(host))
      throw wrong('--host', `must be a host's name or address, without a port; got ${JSON.stringify(host)}.`)
  if (!(days >= 1 && days <= AUTHORITY_DAYS))
    throw wrong('--days', `must be 1 to ${String(AUTHORITY_DAYS)}; got ${String(days)}.`)
  const authority = await makeAuthority('cowmask authority', validFor(AUTHORITY_DAYS))
  const everywhere = [...new Set([...hosts, 'localhost', '127.0.0.1', '::1'])]
  const identities = {
    authority,
    server: await issueServer(authority, everywhere, validFor(days)),
    client: await issueClient(authority, validFor(days)),
  }
  const files = Object.entries(identities).flatMap(([name, { certificate, key }]) => [
    { name: `${name}.pem`, content: certificate, mode: 0o644 },
    { name: `${name}-key.pem`, content: key, mode: 0o600 },
  ])
  const target = resolve(folder)
  const aside = await mkdtemp(join(dirname(target), '.certificates-')).catch((cause: unknown) => {
    throw wrong('folder', `cannot be made: ${String(cause)}.`, cause)
  })
  try {
    for (const { name, content, mode } of files) await writeFile(join(aside, name), content, { mode, flag: 'wx' })
    await rename(aside, target).catch((cause: unknown) => {
      const reason = `must not be there, or empty: nothing is overwritten; ${target} holds something.`
      throw wrong('folder', reason, cause)
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return files.map(({ name }) => join(target, name))
}

async function issue(
  name: string,
  authority: Identity,
  validity: Validity,
  usages: string[],
  more: Extension[] = [],
): Promise<Identity> {
  const { BasicConstraintsExtension, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension } = await library()
  return signed(name, validity, authority, [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(usages),
    ...more,
  ])
}

/** Without an authority it signs itself. */
async function signed(
  name: string,
  validity: Validity,
  authority: Identity | undefined,
  extensions: Extension[],
): Promise<Identity> {
  const x509 = await library()
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const issuer = authority && new x509.X509Certificate(authority.certificate)
  const signingKey = authority ? await privateKey(authority.key) : keys.privateKey
  // An authority has a name of its own, so that none is taken for another that was made before.
  const serial = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')
  const subject = issuer ? `CN=${name}` : `CN=${name} ${serial}`
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer?.subject ?? subject,
    ...validity,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: CURVE,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(issuer ? [await x509.AuthorityKeyIdentifierExtension.create(issuer)] : []),
    ],
  })
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { certificate: `${certificate.toString('pem')}\n`, key: `${key}\n` }
}

async function privateKey(pem: string) {
  const { PemConverter } = await library()
  return crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), CURVE, false, ['sign'])
}

/** Loaded where it is used: few scripts make certificates. */
async function library() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

const wrong = (path: string, reason: string, cause?: unknown) => new ConfigError([{ path, reason }], { cause })
