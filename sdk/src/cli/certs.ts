import { hostname } from 'node:os'

import { makeCertificates } from '../certificates.js'
import { printJson } from './failure.js'

export interface CertsFlags {
  readonly host?: readonly string[]
  readonly days: number
  readonly json?: boolean
}

/** Makes an authority and certificates for a first set-up, and says who gets which. */
export async function certsCommand(folder: string, { host, days, json }: CertsFlags): Promise<void> {
  const hosts = host ?? [hostname()]
  const files = await makeCertificates(folder, { hosts, days })
  if (json) {
    printJson({ files, hosts, days })
    return
  }
  for (const file of files) console.log(file)
  console.error(`valid for ${hosts.join(', ')} and this machine itself, for ${String(days)} days
the worker gets server.pem, server-key.pem, and authority.pem as --tls-client-authority
clients get     client.pem, client-key.pem, and authority.pem as tls.authority
nobody gets     authority-key.pem: whoever has it lets anybody in; keep it to make more, or remove it`)
}
