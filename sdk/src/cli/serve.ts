import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { compileCacheFolder, dataFolder, stateFolder } from '../worker/folders.js'
import { setup } from '../worker/setup.js'
import { type ServeTls, serve } from '../worker/serve.js'

export interface ServeFlags extends ServeTls {
  readonly listen: string
  readonly tokenFile?: string
  readonly stateDir?: string
  readonly dataDir?: string
  readonly dataRoot?: readonly string[]
  readonly log: string
}

/** Runs a worker to `connect()` to, until it is stopped. */
export async function serveCommand(flags: ServeFlags): Promise<void> {
  const { listen, tokenFile, stateDir, dataDir, dataRoot, log, ...tls } = flags
  const state = stateDir === undefined ? stateFolder() : resolve(stateDir)
  const token = tokenFile === undefined ? join(state, 'token') : resolve(tokenFile)
  const onProgress = ({ message }: { message: string }) => {
    console.error(message)
  }
  const python = process.env.COWMASK_WORKER_PYTHON ?? (await setup({ onProgress })).python
  await mkdir(state, { recursive: true, mode: 0o700 })
  await makeToken(token)
  console.error(`token file: ${token}`)
  process.exitCode = await serve({
    python,
    listen,
    tls,
    tokenFile: token,
    stateDir: state,
    cacheDir: await compileCacheFolder(),
    dataDir: dataDir === undefined ? dataFolder() : resolve(dataDir),
    dataRoots: dataRoot ?? [],
    log,
  })
}

/** A token that is there stays, so that clients keep it over restarts. */
async function makeToken(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
