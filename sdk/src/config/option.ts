import { z } from 'zod'

import { type Rule, rules } from './rules.js'

/** A default that the worker works out for the experiment at hand; the option's description says from what. */
export const AUTO = 'auto'

export interface Bounds {
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly exclusiveMaximum?: number
}

interface Described {
  readonly description: string
}

/** What the table of options says about one option beside its name. Without `default` the option is required. */
export type OptionFacts =
  | (Described & Bounds & { readonly type: 'uint32'; readonly default?: number | typeof AUTO })
  | (Described & Bounds & { readonly type: 'double'; readonly default?: number | typeof AUTO })
  | (Described & { readonly type: 'bool'; readonly default?: boolean | typeof AUTO })
  | (Described & { readonly type: 'string'; readonly allowed: readonly string[]; readonly default?: string })
  | (Described & {
      readonly type: 'string'
      /** A regular expression that both languages read alike, and what it means. */
      readonly pattern: string
      readonly patternText: string
      /** Names that an editor proposes. */
      readonly known: readonly string[]
      readonly default?: string
    })
  | (Described & Bounds & { readonly type: 'Range'; readonly default?: readonly [number, number] | typeof AUTO })
  | (Described & {
      readonly type: 'Boundary[]'
      /** How many there may be. */
      readonly most: number
      readonly at: Bounds
      readonly factor: Bounds
      readonly default?: readonly (readonly [number, number])[]
    })
  | (Described & { readonly type: 'Boundary' })
  | (Described & {
      readonly type: 'oneof'
      /** Fields of the message that holds the oneof; all others belong to the case's message. */
      readonly shared: readonly string[]
      readonly default?: string
    })
  | (Described & { readonly type: 'message' })

/** The one table of options: every schema of a field is registered here with its facts. */
export const optionFacts = z.registry<OptionFacts>()

/** What is allowed, as it stands in an error after "must be". */
export function allowedText(facts: OptionFacts): string {
  switch (facts.type) {
    case 'uint32':
      return `a whole number ${boundsText(facts)}`
    case 'double':
      return `a number ${boundsText(facts)}`
    case 'bool':
      return 'true or false'
    case 'string':
      return 'allowed' in facts ? oneOfText(facts.allowed) : facts.patternText
    case 'Range':
      return `[low, high], two numbers ${boundsText(facts)}`
    case 'Boundary[]':
      return `a list of 1 to ${String(facts.most)} [at, factor] pairs`
    case 'Boundary':
      return facts.description
    case 'oneof':
    case 'message':
      return 'an object'
  }
}

export function oneOfText(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`)
  return quoted.length === 1 ? (quoted[0] ?? '') : `one of ${quoted.join(', ')}`
}

function boundsText(bounds: Bounds): string {
  const low =
    bounds.exclusiveMinimum !== undefined
      ? `above ${written(bounds.exclusiveMinimum)}`
      : bounds.minimum !== undefined
        ? `from ${written(bounds.minimum)}`
        : ''
  const high =
    bounds.exclusiveMaximum !== undefined
      ? `below ${written(bounds.exclusiveMaximum)}`
      : bounds.maximum !== undefined
        ? `to ${written(bounds.maximum)}`
        : low.startsWith('from')
          ? 'up'
          : ''
  if (low.startsWith('above') && high.startsWith('to')) return `${low}, at most ${high.slice('to '.length)}`
  if (low.startsWith('from') && high.startsWith('below')) return `${low}, ${high}`
  return [low, high].filter((part) => part !== '').join(' ') || 'of any size'
}

function written(bound: number): string {
  return Math.abs(bound) >= 10_000 ? bound.toLocaleString('en-US') : String(bound)
}

type Facts<T extends OptionFacts['type'], Having = unknown> = Omit<Extract<OptionFacts, { type: T } & Having>, 'type'>

function within(bounds: Bounds, schema: z.ZodNumber, error: string): z.ZodNumber {
  let bounded = schema
  if (bounds.minimum !== undefined) bounded = bounded.min(bounds.minimum, { error })
  if (bounds.exclusiveMinimum !== undefined) bounded = bounded.gt(bounds.exclusiveMinimum, { error })
  if (bounds.maximum !== undefined) bounded = bounded.max(bounds.maximum, { error })
  if (bounds.exclusiveMaximum !== undefined) bounded = bounded.lt(bounds.exclusiveMaximum, { error })
  return bounded
}

/** A whole number that fits into a `uint32`. */
export function wholeNumber(
  facts: Facts<'uint32'> & { readonly minimum: number; readonly maximum: number },
): z.ZodNumber {
  const complete = { type: 'uint32', ...facts } as const
  const error = allowedText(complete)
  // Not `int()`: its failure would keep the rules of the whole object from being asked.
  return within(facts, z.number({ error }).multipleOf(1, { error }), error).register(optionFacts, complete)
}

/** A seed: any `uint32`. */
export function seedNumber(facts: Facts<'uint32'>): z.ZodNumber {
  return wholeNumber({ minimum: 0, maximum: 4_294_967_295, ...facts })
}

/** A finite number. */
export function finiteNumber(facts: Facts<'double'>): z.ZodNumber {
  const complete = { type: 'double', ...facts } as const
  const error = allowedText(complete)
  return within(facts, z.number({ error }), error).register(optionFacts, complete)
}

export function flag(facts: Facts<'bool'>): z.ZodBoolean {
  const complete = { type: 'bool', ...facts } as const
  return z.boolean({ error: allowedText(complete) }).register(optionFacts, complete)
}

export function choice<const T extends string>(
  facts: Facts<'string', { allowed: unknown }> & { readonly allowed: readonly [T, ...T[]] },
): z.ZodEnum<{ [K in T]: K }> {
  const complete = { type: 'string', ...facts } as const
  return z.enum(facts.allowed, { error: allowedText(complete) }).register(optionFacts, complete)
}

/** A text of a certain form, such as the name of something that only the worker knows; editors propose the known ones. */
export function text<const T extends string>(
  facts: Facts<'string', { pattern: unknown }> & { readonly known: readonly T[] },
): z.ZodType<T | (string & {}), T | (string & {})> {
  const complete = { type: 'string', ...facts } as const
  const error = allowedText(complete)
  return z.string({ error }).regex(new RegExp(facts.pattern), { error }).register(optionFacts, complete)
}

const rangeOf = (element: z.ZodNumber, error: string) =>
  z
    .tuple([element, element], { error })
    .refine(...checked(rules.range_order))
    .readonly()

/** `[low, high]`; both ends belong to the range. */
export function range(facts: Facts<'Range'>): ReturnType<typeof rangeOf> {
  const complete = { type: 'Range', ...facts } as const
  const error = allowedText(complete)
  return rangeOf(within(facts, z.number({ error }), error), error).register(optionFacts, complete)
}

const boundariesOf = (most: number, at: z.ZodNumber, factor: z.ZodNumber, pairError: string, error: string) =>
  z
    .array(
      z
        .tuple([at, factor], { error: pairError })
        .readonly()
        .register(optionFacts, { type: 'Boundary', description: pairError }),
      { error },
    )
    .min(1, { error })
    .max(most, { error })
    .refine(...checked(rules.boundaries_ascending))
    .readonly()

/** `[at, factor]` pairs in the order of `at`. */
export function boundaries(facts: Facts<'Boundary[]'>): ReturnType<typeof boundariesOf> {
  const complete = { type: 'Boundary[]', ...facts } as const
  const pairError = `[at, factor], at a number ${boundsText(facts.at)}, factor a number ${boundsText(facts.factor)}`
  return boundariesOf(
    facts.most,
    within(facts.at, z.number({ error: pairError }), pairError),
    within(facts.factor, z.number({ error: pairError }), pairError),
    pairError,
    allowedText(complete),
  ).register(optionFacts, complete)
}

/** A group of options that is one message. */
export function group<S extends z.ZodRawShape>(description: string, shape: S): z.ZodObject<S, z.core.$strict> {
  const complete = { type: 'message', description } as const
  return z.strictObject(shape, { error: allowedText(complete) }).register(optionFacts, complete)
}

/** The arguments of `refine` for a named rule: it is asked even where other fields of the value are wrong. */
export function checked<T>(rule: Rule<T>): [
  holds: (value: T) => boolean,
  parameters: {
    error: string
    params: { rule: string }
    path?: string[]
    when: (payload: { value: unknown }) => boolean
  },
] {
  return [
    (value) => rule.holds(value),
    {
      error: rule.reason,
      params: { rule: rule.name },
      when: ({ value }) => rule.applies(value),
      ...(rule.path === undefined ? {} : { path: [rule.path] }),
    },
  ]
}
