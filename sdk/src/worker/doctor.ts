import { resolve } from 'node:path'

import type { PythonCandidate } from '../errors.js'
import { type Variant, checkEnvironment } from './environment.js'
import { cacheFolder, stateFolder, workerSources } from './folders.js'
import { candidates, preferred } from './python.js'
import { type SetupOptions, findEnvironment, variantOf } from './setup.js'
import { presentUv, uvVersion } from './uv.js'

/** Something that stands in the way, and the command or change that mends it. */
export interface Problem {
  readonly what: string
  readonly mend: string
}

/** What `doctor()` found. */
export interface Diagnosis {
  /** Whether `launch()` would work without setting anything up. */
  readonly ok: boolean
  /** Every interpreter that was asked, and what it answered. */
  readonly pythons: readonly PythonCandidate[]
  /** Path of the one that `setup()` would take. */
  readonly python: string | undefined
  readonly uv: { readonly path: string; readonly version: string } | undefined
  readonly environment: {
    readonly variant: Variant
    /** Its interpreter; absent when there is none yet. */
    readonly python: string | undefined
    /** What it answered when asked to import what the worker needs; absent when all is well. */
    readonly fault: string | undefined
  }
  readonly folders: { readonly cache: string; readonly state: string; readonly worker: string }
  readonly problems: readonly Problem[]
}

/** Options of `doctor()`. */
export type DoctorOptions = Pick<SetupOptions, 'accelerator' | 'variant' | 'cacheDir' | 'signal'>

/** Looks at everything that `launch()` needs, changes nothing, and says what to do about what is missing. */
export async function doctor(options: DoctorOptions = {}): Promise<Diagnosis> {
  const { signal } = options
  const variant = variantOf(options)
  const cache = options.cacheDir ? resolve(options.cacheDir) : cacheFolder()
  const [pythons, uvPath] = await Promise.all([candidates(process.env, signal), presentUv(cache, signal)])
  const python = preferred(pythons)?.path
  const uv = uvPath === undefined ? undefined : { path: uvPath, version: (await uvVersion(uvPath, signal)) ?? '' }
  const given = process.env.COWMASK_WORKER_PYTHON
  const interpreter = given ?? (await findEnvironment(options))?.python
  const fault = interpreter === undefined ? undefined : await checkEnvironment(interpreter, signal)
  const setupCommand = `npx cowmask setup${variant === 'cpu' ? '' : ` --accelerator ${variant}`}`
  const problems: Problem[] = []
  if (!python && process.env.COWMASK_PYTHON)
    problems.push({
      what: `COWMASK_PYTHON names ${process.env.COWMASK_PYTHON}, which ${pythons[0]?.reason ?? 'cannot be used'}`,
      mend: 'unset COWMASK_PYTHON, or set it to a Python 3.12, 3.13 or 3.14',
    })
  else if (!python && !uv)
    problems.push({
      what: 'there is no Python 3.12, 3.13 or 3.14, and no uv that could download one',
      mend: pythons.some(({ version }) => version)
        ? `${setupCommand} (installs uv with pip, which downloads Python)`
        : 'install Python 3.13',
    })
  if (!interpreter) problems.push({ what: 'there is no worker environment yet', mend: setupCommand })
  else if (fault)
    problems.push({
      what: `the worker environment at ${interpreter} does not work: ${fault}`,
      mend: given
        ? 'unset COWMASK_WORKER_PYTHON, or install the packages of the lock file there'
        : `${setupCommand} --force`,
    })
  return {
    ok: problems.length === 0,
    pythons,
    python,
    uv,
    environment: { variant, python: interpreter, fault },
    folders: { cache, state: stateFolder(), worker: workerSources().program },
    problems,
  }
}

/** The diagnosis as lines for a person. */
export function renderDiagnosis(diagnosis: Diagnosis): string {
  const { pythons, python, uv, environment, folders, problems, ok } = diagnosis
  const lines = [
    'Interpreters',
    ...pythons.map(({ path, source, version, usable, reason }) => {
      const mark = path === python ? '*' : usable ? '+' : '-'
      return `  ${mark} ${path} (${source}): ${usable ? (version ?? '') : (reason ?? '')}`
    }),
    ...(pythons.length === 0 ? ['  none'] : []),
    `uv: ${uv ? `${uv.version} at ${uv.path}` : 'not installed; setup installs it with pip'}`,
    `Worker environment (${environment.variant}): ${environment.python ?? 'none'}${environment.fault ? `, broken: ${environment.fault}` : ''}`,
    `Folders: cache ${folders.cache}, state ${folders.state}`,
    ...problems.flatMap(({ what, mend }) => [`Problem: ${what}`, `  mend: ${mend}`]),
    ok ? 'All is well.' : '',
  ]
  return lines.filter((line) => line !== '').join('\n')
}
