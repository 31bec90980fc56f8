import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { EnvironmentError } from '../errors.js'
import { lastLine, runCommand } from './command.js'

/** What the worker computes with; each has its own lock file. */
export const accelerators = ['cpu', 'cuda12', 'cuda13', 'tpu'] as const
export type Accelerator = (typeof accelerators)[number]

/** Which packages an environment holds: one lock file each. `dev` adds what the worker's own tests need. */
export type Variant = Accelerator | 'dev'

/** A finished worker environment. */
export interface WorkerEnvironment {
  readonly folder: string
  /** Its interpreter. */
  readonly python: string
  readonly pythonVersion: string
  readonly variant: Variant
  /** SHA-256 of the lock file that it was made from. */
  readonly lock: string
}

const MANIFEST = 'cowmask-environment.json'

// What the worker cannot do without; each line of an answer names one that is missing.
const CHECK = `
import importlib
for name in ("grpc", "google.protobuf", "numpy", "jax", "flax", "sklearn", "safetensors"):
    importlib.import_module(name)`

const CHECK_MS = 120_000

/** The lock file of a variant and its digest. */
export interface Lock {
  readonly path: string
  readonly digest: string
}

/** @throws EnvironmentError when this package has no lock file for the variant */
export async function lockOf(locks: string, variant: Variant): Promise<Lock> {
  const path = join(locks, `${variant}.txt`)
  try {
    return {
      path,
      digest: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    }
  } catch (cause) {
    const known = existsSync(locks) ? readdirSync(locks).map((name) => name.replace(/\.txt$/, '')) : []
    throw new EnvironmentError(`There is no lock file for '${variant}' (${path}).`, {
      cause,
      hint: `This package has: ${known.join(', ') || 'none; install it again'}.`,
    })
  }
}

/** Where environments lie, one folder for each variant, Python and lock. */
export const environmentsFolder = (cache: string): string => join(cache, 'environments')

/** Name of the folder of one environment. */
export function environmentName(variant: Variant, pythonVersion: string, lock: Lock): string {
  return `${variant}-py${pythonVersion}-${lock.digest.slice(0, 12)}`
}

/** Where `uv venv` and `venv` put the interpreter. */
export const pythonOf = (folder: string): string =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')

/** Every finished environment of a variant and a lock; for all Pythons, or for one. */
export async function finishedEnvironments(
  cache: string,
  variant: Variant,
  lock: Lock,
  pythonVersion?: string,
): Promise<WorkerEnvironment[]> {
  const root = environmentsFolder(cache)
  const found: WorkerEnvironment[] = []
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const environment = await readManifest(join(root, name))
    if (environment?.variant !== variant || environment.lock !== lock.digest) continue
    if (pythonVersion !== undefined && environment.pythonVersion !== pythonVersion) continue
    found.push(environment)
  }
  return found
}

async function readManifest(folder: string): Promise<WorkerEnvironment | undefined> {
  const python = pythonOf(folder)
  try {
    const facts = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as WorkerEnvironment
    // An interpreter that was removed leaves a link to nothing.
    return existsSync(python) ? { ...facts, folder, python } : undefined
  } catch {
    return undefined
  }
}

/** Imports what the worker needs. Answers what went wrong, or nothing. */
export async function checkEnvironment(python: string, signal?: AbortSignal): Promise<string | undefined> {
  const result = await runCommand(python, ['-I', '-c', CHECK], { timeoutMs: CHECK_MS, signal })
  return result.ok ? undefined : lastLine(result)
}

export interface BuildOptions {
  readonly uv: string
  /** A path, or a version that uv may download. */
  readonly python: string
  readonly cache: string
  readonly variant: Variant
  readonly lock: Lock
  readonly signal?: AbortSignal | undefined
  readonly onProgress: (step: 'create' | 'install' | 'check', message: string) => void
}

/** Makes an environment in a folder aside, checks it, then gives it its name. */
export async function buildEnvironment(options: BuildOptions): Promise<WorkerEnvironment> {
  const { uv, python, cache, variant, lock, signal, onProgress } = options
  const aside = join(environmentsFolder(cache), `.building-${String(process.pid)}-${variant}`)
  await mkdir(environmentsFolder(cache), { recursive: true })
  await rm(aside, { recursive: true, force: true })
  const env = { ...process.env, VIRTUAL_ENV: undefined, CONDA_PREFIX: undefined }
  const run = async (file: string, args: readonly string[], what: string, step: 'create' | 'install') => {
    const onLine = (line: string) => {
      // uv names every package that it adds; their count is enough.
      if (line.trim() && !line.startsWith(' + ')) onProgress(step, line.trim())
    }
    const result = await runCommand(file, args, { signal, env, onLine })
    if (!result.ok)
      throw new EnvironmentError(
        `${what} failed: ${result.reason}\n${result.stderr.trim().split('\n').slice(-20).join('\n')}`,
      )
    return result.stdout
  }
  try {
    onProgress('create', `creating an environment with Python ${python}`)
    await run(
      uv,
      ['venv', '--quiet', '--no-project', '--relocatable', '--python', python, aside],
      'Creating the environment',
      'create',
    )
    const inside = pythonOf(aside)
    onProgress('install', `installing the packages of ${lock.path}`)
    const install = ['pip', 'install', '--python', inside, '--require-hashes', '--compile-bytecode', '-r', lock.path]
    await run(uv, install, 'Installing the packages', 'install')
    onProgress('check', 'importing what the worker needs')
    const wrong = await checkEnvironment(inside, signal)
    if (wrong) throw new EnvironmentError(`The new environment does not work: ${wrong}`)
    const version = await run(
      inside,
      ['-I', '-c', 'import platform; print(platform.python_version())'],
      'Asking Python',
      'create',
    )
    const facts = { pythonVersion: version.trim(), variant, lock: lock.digest }
    await writeFile(join(aside, MANIFEST), `${JSON.stringify(facts, null, 2)}\n`)
    const folder = join(environmentsFolder(cache), environmentName(variant, facts.pythonVersion, lock))
    await rm(folder, { recursive: true, force: true })
    await rename(aside, folder)
    return { ...facts, folder, python: pythonOf(folder) }
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
