import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type ConnectOptions, type RunEvent, connect } from 'cowmask'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Identity, issueClient, issueServer, makeAuthority, validFor } from '../../sdk/src/certificates.js'
import { type Served, program, python, serveWorker } from './served.js'
import { tcpProxy } from './tcp-proxy.js'
import { quick, temporaryFolder } from './worker.js'

const cli = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
const cowmask = (...args: string[]) => promisify(execFile)(process.execPath, ['--import', 'tsx', cli, ...args])
const token = 'canary-b81f0c6e5d2a4937'
const serve = (folder: string, ...flags: string[]) => serveWorker(folder, { token, flags })

/** Passes bytes on, and keeps those that the client sent. */
async function recorder(port: number) {
  const sent: Buffer[] = []
  const proxy = await tcpProxy(port, (client, worker) => {
    client.on('data', (chunk) => sent.push(chunk))
    for (const [from, to] of [
      [client, worker],
      [worker, client],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
    }
  })
  return { ...proxy, sent: () => Buffer.concat(sent).toString('latin1') }
}

/** The version of TLS that is agreed on, or the code of the refusal. */
function spokenAtMost(version: 'TLSv1.1' | 'TLSv1.2', port: number): Promise<string | null | undefined> {
  return new Promise((resolve) => {
    // OpenSSL itself offers old versions only at its lowest level of security.
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...old }, () => {
      resolve(socket.getProtocol())
      socket.destroy()
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code)
    })
  })
}

const pem = ({ certificate, key }: Identity) => ({ certificate: Buffer.from(certificate), key: Buffer.from(key) })

describe('S3: TLS that the two sides do not agree on', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let workers: Record<'encrypted' | 'mutual' | 'expired' | 'plain', Served>
  let authority: Identity
  let client: Identity
  let stranger: Identity
  let late: Identity

  beforeAll(async () => {
    folder = await temporaryFolder()
    const write = async (name: string, identity: Identity) => {
      const at = join(folder.path, name)
      await writeFile(`${at}.pem`, identity.certificate)
      await writeFile(`${at}-key.pem`, identity.key)
      return ['--tls-certificate', `${at}.pem`, '--tls-key', `${at}-key.pem`]
    }
    const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-01-02') }
    authority = await makeAuthority('authority', validFor(1))
    stranger = await makeAuthority('stranger', validFor(1))
    client = await issueClient(authority, validFor(1))
    late = await issueClient(authority, past)
    const ours = await write('server', await issueServer(authority, ['localhost', '127.0.0.1'], validFor(1)))
    const expired = await write('expired', await issueServer(authority, ['127.0.0.1'], past))
    await writeFile(join(folder.path, 'authority.pem'), authority.certificate)
    const clients = ['--tls-client-authority', join(folder.path, 'authority.pem')]
    const at = (name: string) => join(folder.path, `of-${name}`)
    const [encrypted, mutual, old, plain] = await Promise.all([
      // On every address of this machine, which S1 allows with TLS and a token.
      serve(at('encrypted'), '--listen', '0.0.0.0:0', ...ours),
      serve(at('mutual'), ...ours, ...clients),
      serve(at('expired'), ...expired),
      serve(at('plain')),
    ])
    workers = { encrypted, mutual, expired: old, plain }
  })

  afterAll(async () => {
    await Promise.all(Object.values(workers).map((worker) => worker.stop()))
    await folder[Symbol.asyncDispose]()
  })

  const trusting = () => ({ authority: Buffer.from(authority.certificate) })
  const cases: [string, keyof typeof workers, () => ConnectOptions['tls'], string, string?][] = [
    ['wrong authority', 'encrypted', () => ({ authority: Buffer.from(stranger.certificate) }), 'TLS_UNTRUSTED'],
    ['the public authorities', 'encrypted', () => ({}), 'TLS_UNTRUSTED'],
    ['expired', 'expired', trusting, 'TLS_EXPIRED'],
    ['wrong host', 'encrypted', trusting, 'TLS_WRONG_HOST', '127.0.0.2'],
    ['no client certificate', 'mutual', trusting, 'TLS_CLIENT_REFUSED'],
    ["a stranger's certificate", 'mutual', () => ({ ...trusting(), ...pem(stranger) }), 'TLS_CLIENT_REFUSED'],
    ["a client's expired certificate", 'mutual', () => ({ ...trusting(), ...pem(late) }), 'TLS_CLIENT_REFUSED'],
    ['plain text against TLS', 'encrypted', () => undefined, 'TLS_REQUIRED'],
    ['plain text against mutual TLS', 'mutual', () => undefined, 'TLS_REQUIRED'],
    ['TLS against plain text', 'plain', trusting, 'TLS_NOT_SPOKEN'],
  ]

  test.each(cases)('%s: is told by its code at once, and the token stays here', async (_, name, tls, code, host) => {
    using way = await recorder(workers[name].port)
    const at = host ? `${host}:${String(workers[name].port)}` : `127.0.0.1:${String(way.port)}`
    const began = performance.now()
    const error: unknown = await connect({ address: at, token, tls: tls() }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'TlsError', code, retryable: false })
    // A tenth of the time that connecting may take, though nothing here waits.
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(String(error)).toContain('hint: ')
    expect(String(error) + way.sent()).not.toContain(token)
  })

  test('who shows what is asked for gets in, by name and by address, and nobody on the way reads the token', async () => {
    const tls = { ...trusting(), ...pem(client) }
    for (const host of ['127.0.0.1', 'localhost']) {
      using way = await recorder(workers.mutual.port)
      await using there = await connect({ address: `${host}:${String(way.port)}`, token, tls })
      expect((await there.system.info()).protocol).toBe(1)
      expect(way.sent().length).toBeGreaterThan(500)
      expect(way.sent()).not.toContain(token)
    }
    // The certificate lets nobody in without the token.
    const guess = connect({ address: workers.mutual.address, token: 'f'.repeat(32), tls })
    await expect(guess).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('who hangs up without a word is told as not there, since nothing is known of its certificate', async () => {
    const server = createServer((socket) => {
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `localhost:${String((server.address() as AddressInfo).port)}`
    try {
      await expect(connect({ address, token, tls: trusting(), timeoutMs: 1000 })).rejects.toMatchObject({
        code: expect.stringMatching(/TIMEOUT|UNAVAILABLE/) as string,
        retryable: true,
      })
    } finally {
      server.close()
    }
  })

  test('TLS is 1.2 or newer', async () => {
    expect(await spokenAtMost('TLSv1.2', workers.encrypted.port)).toBe('TLSv1.2')
    expect(await spokenAtMost('TLSv1.1', workers.encrypted.port)).toMatch(/ALERT_PROTOCOL_VERSION|ECONNRESET/)
  })

  test('a token is sent in plain text beyond this machine only by those who say so', async () => {
    const address = '192.0.2.1:50051'
    await expect(connect({ address, token })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      violations: [{ path: 'tls', reason: expect.stringContaining('insecure: true') as string }],
    })
    const insecure = connect({ address, token, insecure: true, timeoutMs: 50 })
    await expect(insecure).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|UNAVAILABLE/) as string })
  })

  test.each<[object, string]>([
    [{ authority: '/nowhere/authority.pem' }, 'tls.authority'],
    [{ authority: Buffer.from('no certificate') }, 'tls.authority'],
    [{ certificate: Buffer.from('no certificate') }, 'tls.key'],
    [{ certificate: Buffer.from('a'), key: Buffer.from('b') }, 'tls.key'],
    [{ authorty: 'authority.pem' }, 'authorty'],
  ])('%j is refused before anything is sent', async (tls, path) => {
    const refused = connect({ address: workers.encrypted.address, token, tls })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION', violations: [{ path }] })
  })

  test('S4: a token that is missing is told without its value', async () => {
    const { address } = workers.plain
    await expect(connect({ address, token: { variable: 'COWMASK_NO_SUCH' } })).rejects.toThrow(/COWMASK_NO_SUCH/)
    await expect(connect({ address, token: { file: join(folder.path, 'none') } })).rejects.toThrow(/token\.file/)
    const error: unknown = await connect({ address, token: `${token}\nmore` }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'INVALID_OPTION' })
    expect(String(error)).not.toContain(token)
  })
})

test('S1, S3: the command line makes certificates for a remote worker and its clients; SIGTERM drains it', async () => {
  await using here = await temporaryFolder()
  const folder = join(here.path, 'certificates')
  const { stdout } = await cowmask('certs', folder, '--host', 'gpu-box', '--json')
  const { files } = JSON.parse(stdout) as { files: string[] }
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect(await readdir(folder)).toHaveLength(files.length)
  const before = new Map<string, string>()
  for (const file of files) {
    before.set(file, await readFile(file, 'utf8'))
    if (file.endsWith('-key.pem')) expect((await stat(file)).mode & 0o777, file).toBe(0o600)
  }
  await expect(cowmask('certs', folder, '--json')).rejects.toMatchObject({ code: 2 })
  for (const [file, content] of before) expect(await readFile(file, 'utf8'), file).toBe(content)

  const of = (name: string) => join(folder, name)
  const own = ['--tls-certificate', of('server.pem'), '--tls-key', of('server-key.pem')]
  const worker = await serve(
    here.path,
    ...['--listen', '0.0.0.0:0', ...own, '--tls-client-authority', of('authority.pem')],
  )
  const address = `localhost:${String(worker.port)}`
  const check = [
    '-I',
    program,
    'healthcheck',
    '--service',
    'cowmask.v1.System',
    '--address',
    address,
    '--tls-authority',
    of('authority.pem'),
    ...own,
  ]
  await promisify(execFile)(python, check)

  const tls = { authority: of('authority.pem'), certificate: of('client.pem'), key: of('client-key.pem') }
  await using there = await connect({ address, token: { file: join(here.path, 'token') }, tls })
  const run = await there.experiments.start({ ...quick, steps: 100_000, checkpointEvery: 1_000_000 })
  const seen: RunEvent[] = []
  for await (const event of run.events()) {
    seen.push(event)
    if (event.type === 'metrics' && event.step === 1) void worker.stop()
  }
  expect(seen.at(-1)).toMatchObject({ type: 'finished', state: 'cancelled', cause: { code: 'WORKER_STOPPING' } })
  expect(seen.filter(({ type }) => type === 'checkpoint')).toHaveLength(1)
  expect(await worker.stop()).toBe(0)
  await expect(there.system.info()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
