import { readFile } from 'node:fs/promises'

import { type CowMask, connect, launch } from '../client.js'
import { ConfigError } from '../errors.js'

/** Which worker a command talks to. */
export interface WorkerFlags {
  readonly address?: string
  readonly tokenFile?: string
  readonly stateDir?: string
  readonly dataDir?: string
}

/** Connects to the worker at `address`, else launches one on the state folder, which may read the data roots. */
export async function openWorker(
  { address, tokenFile, stateDir, dataDir }: WorkerFlags,
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
  if (tokenFile === undefined)
    throw new ConfigError([
      { path: '--token-file', reason: 'is required beside --address: the file that holds the token.' },
    ])
  const token = await readFile(tokenFile, 'utf8').catch((cause: unknown) => {
    throw new ConfigError([{ path: '--token-file', reason: `cannot be read: ${String(cause)}.` }], { cause })
  })
  return connect({ address, token: token.trim() })
}
