import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'

import { execa } from 'execa'

import { CancelledError, type CowMaskError, PythonNotFoundError, type ProcessEnd, StartError } from '../errors.js'
import { PROTOCOL } from '../version.js'
import { compileCacheFolder, privateFolder, workerSources } from './folders.js'
import { type Greeting, LINE_BYTES, type Ready, readHandshake } from './handshake.js'
import { StderrTail } from './stderr-tail.js'
import { workerVariables } from './variables.js'

export interface SpawnOptions {
  /** The interpreter of a worker environment. */
  readonly python: string
  readonly stateDir: string
  readonly dataDir: string
  readonly dataRoots: Readonly<Record<string, string>>
  readonly cacheDir?: string | undefined
  readonly startTimeoutMs: number
  readonly closeGraceMs: number
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly log?: 'debug' | 'info' | 'warning' | 'error' | undefined
  readonly onLog?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** What to run in place of the bundled worker. */
  readonly program?: string | undefined
}

const STDERR_BYTES = 64 * 1024
// Whoever inherited the worker's stderr may hold it open after the worker's death.
const STDERR_END_MS = 100
// After the grace, for a worker that was told to stop by SIGTERM.
const TERM_MS = 2000

type Subprocess = ReturnType<typeof begin>

/** The handshake's other half goes over stdin: arguments and environment can be read by others. */
function begin(python: string, program: string, env: Record<string, string>) {
  return execa(python, ['-I', program, 'serve', '--stdio'], {
    buffer: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    reject: false,
    // The end of its stdin is what tells the worker that we are gone; nothing else works for every way of dying.
    cleanup: false,
    extendEnv: false,
    env,
  })
}

/** A worker process that this process started. */
export class WorkerProcess {
  /** How it ended; absent while it runs. */
  end: ProcessEnd | undefined
  readonly ended: Promise<ProcessEnd>
  private stopping: Promise<void> | undefined
  private folder: string | undefined

  private constructor(
    private readonly subprocess: Subprocess,
    private readonly tail: StderrTail,
    private readonly closeGraceMs: number,
  ) {
    this.ended = this.watch()
  }

  /**
   * Starts a worker and waits until it listens.
   *
   * @throws PythonNotFoundError when the interpreter cannot be run
   * @throws StartError when the worker ends, answers nonsense or stays silent for `startTimeoutMs`
   * @throws ProtocolMismatchError when it speaks another version
   * @throws CancelledError when the signal aborts first
   */
  static async start(options: SpawnOptions): Promise<{ worker: WorkerProcess; ready: Ready; token: string }> {
    const { python, signal } = options
    const sources = workerSources()
    const token = randomBytes(32).toString('hex')
    const greeting: Omit<Greeting, 'folder'> = {
      protocol: PROTOCOL,
      token,
      cache_dir: await made(() => compileCacheFolder(options.cacheDir)),
      state_dir: options.stateDir,
      data_dir: options.dataDir,
      data_roots: options.dataRoots,
      options: sources.options,
      log: options.log ?? 'info',
    }
    const tail = new StderrTail(STDERR_BYTES, options.onLog)
    const subprocess = begin(python, options.program ?? sources.program, workerVariables(options.env))
    const worker = new WorkerProcess(subprocess, tail, options.closeGraceMs)
    try {
      if (signal?.aborted) throw aborted(signal)
      const line = firstLine(subprocess.stdout)
      worker.folder = await made(privateFolder)
      subprocess.stdin.write(`${JSON.stringify({ ...greeting, folder: worker.folder })}\n`)
      const text = await worker.race(line, options)
      const ready = readHandshake(text, { stderrTail: tail.toString() })
      worker.letGo()
      return { worker, ready, token }
    } catch (error) {
      await worker.kill()
      throw error
    }
  }

  /** Asks the worker to stop, then makes it. Calling twice is fine. */
  stop(): Promise<void> {
    this.stopping ??= this.stopOnce()
    return this.stopping
  }

  private async stopOnce(): Promise<void> {
    this.subprocess.ref()
    this.subprocess.stdin.end()
    if (!(await this.endsWithin(this.closeGraceMs))) {
      this.subprocess.kill('SIGTERM')
      if (!(await this.endsWithin(TERM_MS))) this.subprocess.kill('SIGKILL')
    }
    await this.ended
    await this.removeFolder()
  }

  private async kill(): Promise<void> {
    this.subprocess.ref()
    if (!this.end) this.subprocess.kill('SIGKILL')
    await this.ended
    await this.removeFolder()
  }

  private async removeFolder(): Promise<void> {
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true })
  }

  /** A script that has nothing more to do may end although a worker is up; the worker then ends, too. */
  private letGo(): void {
    this.subprocess.unref()
    for (const stream of [this.subprocess.stdin, this.subprocess.stdout, this.subprocess.stderr])
      (stream as unknown as { unref?: () => void }).unref?.()
  }

  private async endsWithin(ms: number): Promise<boolean> {
    return (await within(ms, this.ended)) !== undefined
  }

  private watch(): Promise<ProcessEnd> {
    const { stdin, stderr } = this.subprocess
    // A worker that dies early breaks the pipe; its exit tells more.
    stdin.on('error', () => undefined)
    stderr.on('data', (chunk: Buffer) => {
      this.tail.push(chunk)
    })
    const drained = new Promise<true>((resolve) =>
      stderr.once('close', () => {
        resolve(true)
      }),
    )
    const exit = new Promise<{ exitCode?: number; signal?: string }>((resolve) => {
      this.subprocess.once('exit', (code, signal) => {
        resolve({ ...(code === null ? {} : { exitCode: code }), ...(signal === null ? {} : { signal }) })
      })
      // A program that cannot be started has no exit.
      this.subprocess.once('error', () => {
        resolve({})
      })
      void this.subprocess.then(() => {
        resolve({})
      })
    })
    return exit.then(async (how) => {
      await within(STDERR_END_MS, drained)
      this.end = { ...how, stderrTail: this.tail.toString() }
      return this.end
    })
  }

  private async race(line: Promise<string>, { python, signal, startTimeoutMs }: SpawnOptions): Promise<string> {
    const abort = new AbortController()
    const cancelled = new Promise<never>((_, reject) => {
      const onAbort = () => {
        reject(aborted(signal))
      }
      signal?.addEventListener('abort', onAbort, { once: true, signal: abort.signal })
    })
    const failed = this.ended.then((end) => Promise.reject(ended(end, python, this.subprocess)))
    try {
      const text = await within(startTimeoutMs, Promise.race([line, cancelled, failed]))
      if (text !== undefined) return text
      const message = `The worker did not answer within ${String(startTimeoutMs)} ms.`
      throw new StartError('START_TIMEOUT', message, { stderrTail: this.tail.toString() })
    } finally {
      abort.abort()
    }
  }
}

/** A folder, or the error that tells what to do where it can not be made. */
async function made(make: () => string | Promise<string>): Promise<string> {
  try {
    return await make()
  } catch (cause) {
    throw new StartError(
      'START_FAILED',
      `A folder for the worker cannot be made: ${String(cause)}`,
      { stderrTail: '' },
      {
        cause,
        hint: 'Name folders that can be written: COWMASK_CACHE_DIR for compiled programs, TMPDIR for sockets.',
      },
    )
  }
}

const aborted = (signal: AbortSignal | undefined): CowMaskError =>
  new CancelledError('The start of the worker was aborted by its signal.', { cause: signal?.reason })

function ended(end: ProcessEnd, python: string, subprocess: Subprocess): CowMaskError {
  if (subprocess.pid === undefined) {
    const reason = 'cannot be run'
    return new PythonNotFoundError(`The worker's interpreter ${python} ${reason}.`, [
      { path: python, source: 'python', usable: false, reason },
    ])
  }
  const how = end.signal ? `was ended by ${end.signal}` : `exited with code ${String(end.exitCode)}`
  const last = end.stderrTail.trim().split('\n').at(-1)
  const missing = last?.includes('ModuleNotFoundError')
  return new StartError('START_FAILED', `The worker ${how} before it answered${last ? `: ${last}` : '.'}`, end, {
    hint: missing
      ? `The environment of ${python} lacks packages: run \`npx cowmask setup\`, and unset COWMASK_WORKER_PYTHON.`
      : undefined,
  })
}

/** What a promise resolves to, or undefined when that takes longer. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined)
    }, ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The first line of a stream, which is then drained for ever: a full pipe would stop the worker. */
function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text: string | undefined = ''
    stream.on('data', (chunk: Buffer) => {
      if (text === undefined) return
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end < 0 && text.length < LINE_BYTES) return
      resolve(end < 0 ? text : text.slice(0, end))
      text = undefined
    })
  })
}
