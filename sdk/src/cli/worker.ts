import { type CowMask, connect, launch } from '../client.js'

/** Which worker a command talks to. */
export interface WorkerFlags {
  readonly address?: string
  readonly tokenFile?: string
  readonly tlsAuthority?: string
  readonly tlsCertificate?: string
  readonly tlsKey?: string
  readonly insecure?: boolean
  readonly stateDir?: string
  readonly dataDir?: string
}

/** Connects to the worker at `address`, else launches one on the state folder, which may read the data roots. */
export async function openWorker(
  { address, tokenFile, tlsAuthority, tlsCertificate, tlsKey, insecure, stateDir, dataDir }: WorkerFlags,
  dataRoots?: Readonly<Record<string, string>>,
): Promise<CowMask> {
  if (address === undefined)
    return launch({
      stateDir,
      dataDir,
      dataRoots,
      onProgress: ({ message }) => {
        console.error(message)
      },
    })
  const files = { authority: tlsAuthority, certificate: tlsCertificate, key: tlsKey }
  const tls = Object.values(files).some((file) => file !== undefined) ? files : undefined
  return connect({ address, token: tokenFile === undefined ? undefined : { file: tokenFile }, tls, insecure })
}
