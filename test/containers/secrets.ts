import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  type Identity,
  type Validity,
  issueClient,
  issueServer,
  makeAuthority,
  validFor,
} from '../../sdk/src/certificates.js'
import { temporaryFolder } from '../sdk/worker.js'

/** What worker and clients need to know each other; `folder` is mounted into containers, for both. */
export interface Secrets extends AsyncDisposable {
  readonly folder: string
  readonly token: string
  readonly tls: { readonly authority: string; readonly certificate: string; readonly key: string }
}

const HOSTS = ['worker', 'localhost', '127.0.0.1', '::1']

/** Readable by everybody, since the container's user is another than the tests'. */
export async function makeSecrets(validity: Validity = validFor(1)): Promise<Secrets> {
  const here = await temporaryFolder()
  const folder = join(here.path, 'secrets')
  await mkdir(folder)
  const token = 'canary-5f0c94d1a6e87b23c0de'
  const authority = await makeAuthority('cowmask authority', validFor(1))
  const identities: Record<string, Identity> = {
    server: await issueServer(authority, HOSTS, validity),
    client: await issueClient(authority, validFor(1)),
  }
  const files: Record<string, string> = { token, 'authority.pem': authority.certificate }
  for (const [name, { certificate, key }] of Object.entries(identities)) {
    files[`${name}.pem`] = certificate
    files[`${name}-key.pem`] = key
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o644 })
  await chmod(folder, 0o755)
  const tls = {
    authority: join(folder, 'authority.pem'),
    certificate: join(folder, 'client.pem'),
    key: join(folder, 'client-key.pem'),
  }
  return { folder, token, tls, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() }
}
