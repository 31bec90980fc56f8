import { fileURLToPath } from 'node:url'

import { type Served, serveWorker } from '../sdk/served.js'
import { quick } from '../sdk/worker.js'

export const token = 'the token of the soak, long enough'

const fake = fileURLToPath(new URL('../../server-py/tests/service/worker_with_fake_tasks.py', import.meta.url))

/** A real worker. */
export const real = (folder: string): Promise<Served> => serveWorker(folder, { token })

/** A worker whose tasks behave as asked and compute nothing. */
export const faking = (folder: string, behavior: string): Promise<Served> =>
  serveWorker(folder, { token, program: fake, env: { FAKE_TASK: behavior } })

/** A run that saves often, so that many moments are those of a save. */
export const saving = { ...quick, checkpointEvery: 10, steps: 120 } as const

/** Milliseconds within which an outcome has to come, on machines that are busy with other things, too. */
export const PATIENCE_MS = 300_000

/** Waits until it holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} took more than ${String(withinMs)} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
