import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The worker's program. */
export const program = fileURLToPath(new URL('../../server-py/run.py', import.meta.url))

/** The interpreter that tests run it with. */
export const python = process.env.COWMASK_WORKER_PYTHON ?? ''

/** A worker to connect to; leaving its scope kills it. */
export interface Served extends AsyncDisposable {
  readonly address: string
  readonly port: number
  readonly pid: number
  /** Lets it drain, and answers its exit code. */
  stop(): Promise<unknown>
  /** Answers once it is dead. */
  kill(): Promise<unknown>
}

export interface ServedOptions {
  readonly token: string
  /** In place of the worker's own program. */
  readonly program?: string
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A worker as `serve` starts it, on a state folder in `folder`; it listens on a free port of this machine unless flags say otherwise. */
export async function serveWorker(
  folder: string,
  { token, flags = [], env, ...options }: ServedOptions,
): Promise<Served> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'token'), token)
  const cache = process.env.JAX_COMPILATION_CACHE_DIR ?? join(folder, 'compile-cache')
  const own = ['--token-file', join(folder, 'token'), '--state-dir', join(folder, 'state'), '--cache-dir', cache]
  const listen = flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']
  const child = spawn(python, ['-I', options.program ?? program, 'serve', ...own, ...listen, ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  })
  const ended = once(child, 'close').then(([code]: unknown[]) => code)
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended.then(() => [Buffer.from('{}')])])) as [Buffer]
  const { address, error } = JSON.parse(line.toString()) as { address?: string; error?: { message: string } }
  if (address === undefined) throw new Error(`The worker did not start: ${error?.message ?? 'it said nothing'}`)
  const end = (signal: NodeJS.Signals) => () => {
    child.kill(signal)
    return ended
  }
  const port = Number(address.split(':').at(-1))
  return {
    address,
    port,
    pid: child.pid ?? 0,
    stop: end('SIGTERM'),
    kill: end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')()
    },
  }
}
