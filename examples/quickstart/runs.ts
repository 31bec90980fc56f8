import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type CowMask, CowMaskError, type Experiment, type ExperimentConfig, presets } from 'cowmask'

/** The two runs that are compared. */
export const METHODS = ['supervised', 'cowmix'] as const
export type Method = (typeof METHODS)[number]

export const METHOD_NAMES: Readonly<Record<Method, string>> = { supervised: 'labels only', cowmix: 'CowMix' }

/** Same labels, network and steps; the supervised run lacks the mixing. */
export function configOf(method: Method, seed: number, steps: number): ExperimentConfig {
  const { digits_40 } = presets
  return {
    ...digits_40,
    dataset: { ...digits_40.dataset, seed },
    mix: method === 'cowmix' ? digits_40.mix : { kind: 'none' },
    seed,
    steps,
  }
}

/** The ids of the folder's runs, kept in a file, so that a later start can go on with them. */
export class RunBook {
  private constructor(
    private readonly path: string,
    private readonly cowmask: CowMask,
    private readonly ids: Record<string, string>,
  ) {}

  /** Without `resume` the folder's old runs are removed. */
  static async open(cowmask: CowMask, folder: string, resume: boolean): Promise<RunBook> {
    await mkdir(folder, { recursive: true })
    const path = join(folder, 'runs.json')
    const ids = await readIds(path)
    if (resume) return new RunBook(path, cowmask, ids)
    for (const id of Object.values(ids)) await removed(cowmask, id)
    return new RunBook(path, cowmask, {})
  }

  /** Starts a run, goes on with it where it was stopped, or answers it as it is if it has succeeded. */
  async start(method: Method, seed: number, steps: number): Promise<Experiment> {
    const name = `${method}, seed ${seed}, ${steps} steps`
    const id = this.ids[name]
    if (id !== undefined) {
      const run = await this.cowmask.experiments.get(id)
      if (run.state !== 'succeeded') await run.resume()
      return run
    }
    const run = await this.cowmask.experiments.start(configOf(method, seed, steps))
    this.ids[name] = run.id
    await writeFile(this.path, `${JSON.stringify(this.ids, null, 2)}\n`)
    return run
  }
}

async function readIds(path: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, string>
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new Error(`${path} can't be read; remove it to start anew.`, { cause: error })
  }
}

async function removed(cowmask: CowMask, id: string): Promise<void> {
  try {
    await cowmask.experiments.delete(id)
  } catch (error) {
    // Somebody has removed the runs, but not the file that names them.
    if (!(error instanceof CowMaskError && error.code === 'RUN_NOT_FOUND')) throw error
  }
}
