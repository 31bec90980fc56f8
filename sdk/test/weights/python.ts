import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What a Python program of the worker's environment prints, as JSON. */
export async function python(program: string, ...args: string[]): Promise<unknown> {
  const interpreter = process.env.COWMASK_WORKER_PYTHON ?? 'python3'
  const { stdout } = await promisify(execFile)(interpreter, ['-c', program, ...args])
  return JSON.parse(stdout)
}
