import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { setup } from 'cowmask'

/** Where Python finds `cowmask_worker`. */
export const SERVER = fileURLToPath(new URL('../server-py', import.meta.url))

/** The worker's interpreter. */
export async function workerPython(): Promise<string> {
  return process.env.COWMASK_WORKER_PYTHON ?? (await setup({})).python
}

/** A program of `cowmask_worker.bench` that answers lines with lines. Its end is that of its standard input. */
export class PythonProgram implements AsyncDisposable {
  private readonly lines: AsyncIterator<string>

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly name: string,
  ) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  static async start(module: string, ...args: readonly string[]): Promise<PythonProgram> {
    const child = spawn(await workerPython(), ['-m', `cowmask_worker.bench.${module}`, ...args], {
      cwd: SERVER,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    return new PythonProgram(child, module)
  }

  /** Sends an empty line. */
  ask(): void {
    this.child.stdin.write('\n')
  }

  /** The next line that it says; undefined after the last. */
  async next(): Promise<string | undefined> {
    const { value, done } = (await this.lines.next()) as IteratorResult<string, undefined>
    return done === true ? undefined : value
  }

  async line(): Promise<string> {
    const line = await this.next()
    if (line === undefined) throw new Error(`cowmask_worker.bench.${this.name} ended before it had answered`)
    return line
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve))
    this.child.stdin.end()
    if (this.child.exitCode === null) await ended
  }
}
