import { existsSync, realpathSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'

import { ConfigError } from './errors.js'
import { refuseUnknown } from './option-names.js'

/** A folder or a file on the worker's machine, below one of its data roots. */
export interface RootedPath {
  /** Name of the data root. */
  readonly root: string
  /** Relative to the root, parts separated by `/`. */
  readonly path: string
}

/**
 * A source as a script names it, as the worker knows it.
 *
 * @param allowed what a source may be, told where it is something else
 * @throws ConfigError at `source`
 */
export function sourceOf(
  source: unknown,
  roots: Readonly<Record<string, string>>,
  allowed = 'must be a path, or { root, path }.',
): RootedPath {
  if (typeof source === 'string') return rooted(source, roots)
  const given: Partial<RootedPath> = Object(source) as object
  refuseUnknown(given, ['root', 'path'])
  if (typeof given.root === 'string' && typeof given.path === 'string') return { root: given.root, path: given.path }
  throw new ConfigError([{ path: 'source', reason: allowed }])
}

/**
 * Where a path of this machine stands for the worker that `launch()` has started here.
 *
 * @throws ConfigError at `source` for a path that is not there, or lies outside of every data root
 */
export function rooted(path: string, roots: Readonly<Record<string, string>>): RootedPath {
  const wrong = (reason: string) => new ConfigError([{ path: 'source', reason }])
  const names = Object.keys(roots)
  if (names.length === 0)
    throw wrong("must be { root, path } for a worker that was connected to: a data root's name and a path in it.")
  if (!existsSync(path)) throw wrong(`must be there; there is no ${resolve(path)}.`)
  const real = realpathSync(path)
  for (const [root, folder] of Object.entries(roots)) {
    const inner = relative(folder, real)
    if (inner !== '..' && !inner.startsWith(`..${sep}`) && !isAbsolute(inner))
      return { root, path: inner.split(sep).join('/') }
  }
  const told = Object.entries(roots).map(([root, folder]) => `${root}: ${folder}`)
  throw wrong(
    `must lie in a data root (${told.join(', ')}); ${real} does not. Launch with \`dataRoots: { images: '${real}' }\`.`,
  )
}
