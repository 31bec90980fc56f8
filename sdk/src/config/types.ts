import type { ExperimentConfig } from './option-types.js'

export type * from './option-types.js'

// `string & {}`, which keeps known names apart from other texts, counts as an object, too.
type Resolved<T> = T extends string | readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]-?: Resolved<Exclude<T[K], undefined>> }
    : T

/** A run's config with every default and `auto` value filled in; `epochs` has become `steps`. */
export type ResolvedExperimentConfig = Resolved<Omit<ExperimentConfig, 'epochs'>>
