import type { ExperimentConfig } from './option-types.js'

export type * from './option-types.js'

type Resolved<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]-?: Resolved<Exclude<T[K], undefined>> }
    : T

/** A run's config with every default and `auto` value filled in; `epochs` has become `steps`. */
export type ResolvedExperimentConfig = Resolved<Omit<ExperimentConfig, 'epochs'>>
