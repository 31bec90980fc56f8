import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import { describe } from 'vitest'

const run = promisify(execFile)

/** The images under test; empty where there is no engine. */
export const images = {
  worker: process.env.COWMASK_WORKER_IMAGE ?? '',
  scripts: process.env.COWMASK_SCRIPTS_IMAGE ?? '',
}

const why = process.env.COWMASK_CONTAINERS_SKIP ?? (images.worker ? undefined : 'run by `npm run test:containers`')

/** A group of tests that need an engine; its name says why they are skipped where there is none. */
export const describeImages = (name: string, tests: () => void): void => {
  describe.skipIf(why !== undefined)(why === undefined ? name : `${name} (${why})`, tests)
}

/** What a command of docker's prints on stdout. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** What Go's template makes of an object of the engine's. */
export async function inspect<T>(name: string, path = '.'): Promise<T> {
  return JSON.parse(await docker('inspect', '--format', `{{json ${path}}}`, name)) as T
}

/** A volume that is gone after the test. */
export function volume(): { readonly name: string } & AsyncDisposable {
  const name = `cowmask-test-${randomBytes(6).toString('hex')}`
  return {
    name,
    async [Symbol.asyncDispose]() {
      await docker('volume', 'rm', '--force', name)
    },
  }
}
