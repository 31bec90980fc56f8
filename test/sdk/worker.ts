import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type CowMask, type LaunchOptions, launch } from 'cowmask'

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'cowmask-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A real worker on a fresh state folder. */
export async function launchWorker(
  options: LaunchOptions = {},
): Promise<{ cowmask: CowMask; stateDir: string } & AsyncDisposable> {
  const folder = await temporaryFolder()
  const stateDir = options.stateDir ?? folder.path
  const cowmask = await launch({ stateDir, ...options })
  return {
    cowmask,
    stateDir,
    async [Symbol.asyncDispose]() {
      await cowmask.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/**
 * An experiment that trains in seconds: ten layers, small batches, few evaluations. A constant rate, because boundaries
 * are part of the compiled program: so runs of any length share one.
 */
export const quick = {
  dataset: { name: 'digits', labeled: 40, seed: 1 },
  model: { name: 'wide_resnet', depth: 10, width: 1, dropout: 0 },
  schedule: { kind: 'constant' },
  batchSize: 16,
  evaluateEvery: 1000,
} as const
