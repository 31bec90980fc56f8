import { ConfigError } from './errors.js'

/** Names of parameters and statistics: ours (`parameters/stem/kernel`) or those of the authors' code (`init_conv/kernel`). */
export type LeafNames = 'cowmask' | 'reference'

/**
 * What a request says of names.
 *
 * @throws ConfigError
 */
export function leafNames(names: LeafNames | undefined): { names?: LeafNames } {
  // A script in plain JavaScript may pass anything.
  if (names !== undefined && !['cowmask', 'reference'].includes(names))
    throw new ConfigError([{ path: 'names', reason: `must be 'cowmask' or 'reference', but is '${names as string}'.` }])
  return names === undefined ? {} : { names }
}
