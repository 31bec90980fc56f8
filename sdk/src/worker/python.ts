import { readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

import { type PythonCandidate, PythonNotFoundError } from '../errors.js'
import { runCommand } from './command.js'

type Variables = Readonly<Record<string, string | undefined>>

/** Minor versions of Python 3 that the worker runs on, the one that is tested most first. */
export const PYTHON_MINORS = [13, 14, 12] as const

/** The oldest Python that can install uv for us. */
const INSTALLER_MINOR = 9

const PROBE_MS = 10_000
const PROBE = `
import json, platform, struct, sys
print(json.dumps({"version": platform.python_version(), "name": platform.python_implementation(),
                  "bits": struct.calcsize("P") * 8, "flags": getattr(sys, "abiflags", "")}))`

interface Place {
  readonly path: string
  readonly source: string
}

/** Asks an interpreter what it is. A shim may be there and answer with an error, so only an answer counts. */
export async function probe({ path, source }: Place, signal?: AbortSignal): Promise<PythonCandidate> {
  const result = await runCommand(path, ['-I', '-c', PROBE], { timeoutMs: PROBE_MS, signal })
  if (!result.ok) {
    const why = result.stderr.trim().split('\n')[0]
    return { path, source, usable: false, reason: why ? `answered: ${why}` : result.reason }
  }
  try {
    const { version, name, bits, flags } = JSON.parse(result.stdout) as Record<'version' | 'name' | 'flags', string> & {
      bits: number
    }
    const reason = unsuitable(version, name, bits, flags)
    return { path, source, version, usable: reason === undefined, reason }
  } catch (cause) {
    return { path, source, usable: false, reason: `answered something that is no Python's answer (${String(cause)})` }
  }
}

function unsuitable(version: string, name: string, bits: number, flags: string): string | undefined {
  if (name !== 'CPython') return `is ${name}; the worker needs CPython`
  if (bits !== 64) return `is a ${String(bits)}-bit build; the worker needs 64 bits`
  if (flags.includes('t')) return 'is a free-threaded build; the worker needs an ordinary one'
  if (!PYTHON_MINORS.some((minor) => version.startsWith(`3.${String(minor)}.`)))
    return `is ${version}; the worker needs 3.12, 3.13 or 3.14`
  return undefined
}

const names = [...PYTHON_MINORS.map((minor) => `python3.${String(minor)}`), 'python3', 'python']

function children(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** Folders of programs where interpreters are found, in the order in which they are preferred. */
function programFolders(variables: Variables): Place[] {
  const home = homedir()
  const data = variables.XDG_DATA_HOME ?? join(home, '.local', 'share')
  const uv = variables.UV_PYTHON_INSTALL_DIR ?? join(data, 'uv', 'python')
  const pyenv = variables.PYENV_ROOT ?? join(home, '.pyenv')
  const condas = [
    variables.CONDA_PREFIX,
    ...['miniconda3', 'anaconda3', 'miniforge3', 'mambaforge'].map((name) => join(home, name)),
    '/opt/conda',
  ].filter((folder) => folder !== undefined)
  return [
    ...children(uv).map((path) => ({ path: join(path, 'bin'), source: 'uv' })),
    ...children(join(pyenv, 'versions')).map((path) => ({ path: join(path, 'bin'), source: 'pyenv' })),
    ...condas.flatMap((path) =>
      [path, ...children(join(path, 'envs'))].map((one) => ({ path: join(one, 'bin'), source: 'conda' })),
    ),
    { path: '/usr/bin', source: '/usr/bin' },
    { path: '/usr/local/bin', source: '/usr/local/bin' },
    { path: '/opt/homebrew/bin', source: 'homebrew' },
    ...children('/opt').map((path) => ({ path: join(path, 'bin'), source: '/opt' })),
    ...(variables.PATH ?? '')
      .split(delimiter)
      .filter(Boolean)
      .map((path) => ({ path, source: 'PATH' })),
  ]
}

/** Every file that looks like an interpreter, each once. Nothing is run. */
export function places(variables: Variables = process.env): Place[] {
  const known = new Set<string>()
  const found: Place[] = []
  const listed = new Map<string, Set<string>>()
  for (const { path: folder, source } of programFolders(variables)) {
    const files = listed.get(folder) ?? new Set(children(folder))
    listed.set(folder, files)
    for (const name of names) {
      const path = [join(folder, name), join(folder, `${name}.exe`)].find((file) => files.has(file))
      if (path === undefined) continue
      const real = resolved(path)
      if (known.has(real)) continue
      known.add(real)
      found.push({ path, source })
    }
  }
  return found
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/**
 * Asks every interpreter on this machine: what uv, pyenv or conda installed, then the system's, then what is on PATH;
 * `COWMASK_PYTHON`, where it is set, alone.
 */
export async function candidates(variables: Variables = process.env, signal?: AbortSignal): Promise<PythonCandidate[]> {
  const chosen = variables.COWMASK_PYTHON
  if (chosen) return [await probe({ path: chosen, source: 'COWMASK_PYTHON' }, signal)]
  return Promise.all(places(variables).map((place) => probe(place, signal)))
}

/** The candidate to make an environment from. A later place is taken only where an earlier one has nothing. */
export function preferred(found: readonly PythonCandidate[]): PythonCandidate | undefined {
  const usable = found.filter((candidate) => candidate.usable)
  const ofSource = usable.filter((candidate) => candidate.source === usable[0]?.source)
  const rank = ({ version = '' }: PythonCandidate) =>
    PYTHON_MINORS.findIndex((minor) => version.startsWith(`3.${String(minor)}.`))
  return ofSource.toSorted((left, right) => rank(left) - rank(right))[0]
}

/** An interpreter that can install uv: any Python from 3.9 on. */
export function installer(found: readonly PythonCandidate[]): PythonCandidate | undefined {
  return found.find(({ version }) => Number(/^3\.(\d+)\./.exec(version ?? '')?.[1] ?? 0) >= INSTALLER_MINOR)
}

/** The error that lists what was asked. */
export function notFound(found: readonly PythonCandidate[]): PythonNotFoundError {
  const tried = found.map(({ path, source, reason }) => `  ${path} (${source}) ${reason ?? ''}`)
  const chosen = found[0]?.source === 'COWMASK_PYTHON'
  const what = chosen
    ? 'The interpreter that COWMASK_PYTHON names cannot be used'
    : 'No Python that the worker runs on was found (3.12, 3.13 or 3.14)'
  return new PythonNotFoundError(`${what}${tried.length > 0 ? `:\n${tried.join('\n')}` : '.'}`, found)
}
