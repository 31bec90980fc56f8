import { type TlsOptions, connect } from 'cowmask'
import { expect, test } from 'vitest'

import { describeImages } from './docker.js'
import { makeSecrets } from './secrets.js'
import { startWorker } from './worker-container.js'

const expired = { notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) }

/** The code of the refusal, of which nothing else may give the secret away. */
async function refusal(connecting: Promise<AsyncDisposable>, secret: string): Promise<string> {
  try {
    await (await connecting)[Symbol.asyncDispose]()
    return 'connected'
  } catch (error) {
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret)
    return (error as { code: string }).code
  }
}

describeImages('a worker in a container', () => {
  test('S2, S3, S4: refuses who is not meant, says why, and gives nothing away', async () => {
    await using secrets = await makeSecrets()
    await using others = await makeSecrets()
    await using worker = await startWorker({ secrets })
    const { address } = worker
    const { token, tls } = secrets
    const refused = (options: { token?: string; tls?: TlsOptions; insecure?: boolean }) =>
      refusal(connect({ address, timeoutMs: 20_000, token, ...options }), token)

    expect(await refused({ tls, token: 'wrong-4d1c0b7a98e5f632' })).toBe('UNAUTHENTICATED')
    expect(await refused({ tls, token: '' })).toBe('INVALID_OPTION')
    expect(await refused({ tls: { ...tls, authority: others.tls.authority } })).toBe('TLS_UNTRUSTED')
    expect(await refused({ tls: { authority: tls.authority } })).toBe('TLS_CLIENT_REFUSED')
    expect(await refused({ tls: { ...others.tls, authority: tls.authority } })).toBe('TLS_CLIENT_REFUSED')
    expect(await refused({ insecure: true })).toBe('TLS_REQUIRED')
    expect(await refused({ tls })).toBe('connected')
    const logs = await worker.logs()
    expect(logs).not.toContain(token)
    expect(logs).not.toContain('PRIVATE KEY')
  })

  test('S3: with an expired certificate is not talked to', async () => {
    await using secrets = await makeSecrets(expired)
    await using worker = await startWorker({ secrets })
    const { address } = worker
    const { token, tls } = secrets
    expect(await refusal(connect({ address, token, tls, timeoutMs: 20_000 }), token)).toBe('TLS_EXPIRED')
  })
})
