import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { EnvironmentError, type PythonCandidate } from '../errors.js'
import { lastLine, runCommand } from './command.js'
import { withLock } from './lock.js'
import { installer } from './python.js'

export interface UvOptions {
  readonly cache: string
  /** The interpreters to install uv with; asked for only where uv is missing. */
  readonly pythons: () => Promise<readonly PythonCandidate[]>
  readonly signal?: AbortSignal | undefined
  readonly onInstall?: (() => void) | undefined
}

/** Version of the uv that a path leads to; absent if it doesn't answer. */
export async function uvVersion(path: string, signal?: AbortSignal): Promise<string | undefined> {
  const result = await runCommand(path, ['--version'], { timeoutMs: 10_000, signal })
  return result.ok ? /^uv (\S+)/.exec(result.stdout)?.[1] : undefined
}

/** The uv that is there: on PATH, or installed by an earlier setup. */
export async function presentUv(cache: string, signal?: AbortSignal): Promise<string | undefined> {
  for (const path of ['uv', privateUv(cache)]) if (await uvVersion(path, signal)) return path
  return undefined
}

const privateUv = (cache: string): string =>
  process.platform === 'win32' ? join(cache, 'uv', 'Scripts', 'uv.exe') : join(cache, 'uv', 'bin', 'uv')

/**
 * Finds uv, or has pip install it into a small environment of its own.
 *
 * @throws EnvironmentError when there is neither uv nor a Python with pip; says what each way answered
 */
export async function requireUv({ cache, pythons, signal, onInstall }: UvOptions): Promise<string> {
  const present = await presentUv(cache, signal)
  if (present) return present
  const python = installer(await pythons())
  if (!python)
    throw new EnvironmentError('uv is not on PATH, and there is no Python 3.9 or newer that could install it.', {
      hint: 'Install uv (https://docs.astral.sh/uv/) or any Python 3.9+ with pip, then run `npx cowmask setup`.',
    })
  onInstall?.()
  return withLock(
    join(cache, 'uv.lock'),
    async () => (await presentUv(cache, signal)) ?? install(python.path, cache, signal),
    {
      signal,
    },
  )
}

/** By `venv` and its pip; where a distribution leaves either out, by the interpreter's own pip. */
async function install(python: string, cache: string, signal?: AbortSignal): Promise<string> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'uv.building-'))
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  const target = join(cache, 'uv')
  try {
    const ways: (readonly (readonly [string, readonly string[]])[])[] = [
      [
        [python, ['-m', 'venv', folder]],
        [join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python'), [...pip, 'uv']],
      ],
      [[python, [...pip, '--target', folder, 'uv']]],
    ]
    const answers: string[] = []
    for (const way of ways) {
      const failed = await firstFailure(way, signal)
      if (failed === undefined && existsSync(privateUv(folder).replace(join(folder, 'uv'), folder))) {
        await rm(target, { recursive: true, force: true })
        await rename(folder, target)
        return privateUv(cache)
      }
      answers.push(failed ?? 'pip installed no program uv')
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder)
    }
    throw new EnvironmentError(
      `uv could not be installed with ${python}.\n  in an environment: ${answers.join('\n  into a folder: ')}`,
      {
        hint: 'Check the network and pip, or install uv yourself and put it on PATH; then run `npx cowmask setup`.',
      },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function firstFailure(
  commands: readonly (readonly [string, readonly string[]])[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (const [file, args] of commands) {
    const result = await runCommand(file, args, { signal })
    if (!result.ok) return lastLine(result)
  }
  return undefined
}
