import { z } from 'zod'

import { ConfigError, type Violation } from '../errors.js'
import { nearest } from './nearest.js'
import { allowedText, oneOfText } from './option.js'
import { rules } from './rules.js'
import { casesOf, factsOf, fieldsOf, withoutOptional } from './schema-walk.js'

/** A violation with the name of the rule that was broken, if a named rule was. */
export interface RuleViolation extends Violation {
  readonly rule?: string | undefined
}

/**
 * Checks what a script has written against a schema of this folder. The answer holds what was set and nothing else: the
 * worker fills the defaults.
 *
 * @throws {ConfigError} with every violation there is, each at its own path.
 */
export function parse<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const outcome = schema.safeParse(input)
  if (outcome.success) return outcome.data
  throw new ConfigError(violations(outcome.error, schema, input))
}

/** All that is wrong with `input`; empty if nothing is. */
export function violationsOf(schema: z.ZodType, input: unknown): RuleViolation[] {
  const outcome = schema.safeParse(input)
  return outcome.success ? [] : violations(outcome.error, schema, input)
}

/**
 * Refuses a tensor that is too large for one call, before anything is allocated for it.
 *
 * @throws {ConfigError}
 */
export function checkTensorElements(path: string, count: number, height: number, width: number): void {
  const rule = rules.tensor_elements
  if (!rule.holds({ count, height, width })) throw new ConfigError([{ path, reason: `must be ${rule.reason}.` }])
}

function violations(error: z.ZodError, schema: z.ZodType, input: unknown): RuleViolation[] {
  const found = new Map<string, RuleViolation>()
  for (const issue of error.issues)
    for (const violation of fromIssue(issue, schema, input)) {
      const key = JSON.stringify([violation.path, violation.reason])
      if (!found.has(key)) found.set(key, violation)
    }
  const all = [...found.values()]
  // A number that is out of its bounds is told once.
  const unsound = new Set(all.filter(({ rule }) => rule === undefined).map(({ path }) => path))
  return all.filter(({ rule, path }) => rule === undefined || !unsound.has(path))
}

function fromIssue(issue: z.core.$ZodIssue, root: z.ZodType, input: unknown): RuleViolation[] {
  const place = placeOf(issue.path, root, input)
  const path = written(place.path)
  if (issue.code === 'unrecognized_keys') {
    const allowed = Object.keys(fieldsOf(place.schema, place.value) ?? {})
    return issue.keys.map((key) => ({
      path: written([...place.path, key]),
      reason: `is no option here; allowed ${allowed.length === 1 ? 'is' : 'are'} ${allowed.join(', ')}.`,
      nearest: nearest(key, allowed),
    }))
  }
  if (issue.code === 'custom') {
    const rule: unknown = issue.params?.rule
    const reason = `must be ${issue.message}; got ${shown(place.value)}.`
    return [{ path, reason, rule: typeof rule === 'string' ? rule : undefined }]
  }
  const union = withoutOptional(place.schema)
  if (issue.code === 'invalid_union' && union instanceof z.ZodDiscriminatedUnion) {
    const names = casesOf(union).map(({ name }) => name)
    const { discriminator } = union.def
    const value = isRecord(place.value) ? place.value[discriminator] : undefined
    return [mistake(written([...place.path, discriminator]), oneOfText(names), value, names)]
  }
  const facts = factsOf(place.schema)
  if (facts?.type === 'message' && place.value === undefined)
    return requiredWithin(place.schema, place.path).map(({ path: missing, allowed }) =>
      mistake(written(missing), allowed, undefined),
    )
  const names = facts?.type !== 'string' ? [] : 'allowed' in facts ? facts.allowed : facts.known
  return [mistake(path, facts === undefined ? issue.message : allowedText(facts), place.value, names)]
}

function mistake(path: string, allowed: string, value: unknown, names: readonly string[] = []): RuleViolation {
  const reason = value === undefined ? `is required: ${allowed}.` : `must be ${allowed}; got ${shown(value)}.`
  return { path, reason, nearest: typeof value === 'string' ? nearest(value, names) : undefined }
}

interface Place {
  readonly path: readonly PropertyKey[]
  readonly schema: z.core.$ZodType
  readonly value: unknown
}

/** The option that an issue is about: what lies inside of a range or a boundary is blamed on the whole of it. */
function placeOf(path: readonly PropertyKey[], root: z.core.$ZodType, input: unknown): Place {
  let place: Place = { path: [], schema: root, value: input }
  for (const key of path) {
    const type = factsOf(place.schema)?.type
    if (type === 'Range' || type === 'Boundary') return place
    const value: unknown =
      typeof place.value === 'object' && place.value !== null ? Reflect.get(place.value, key) : undefined
    const schema = type === 'Boundary[]' ? elementOf(place.schema) : fieldsOf(place.schema, place.value)?.[String(key)]
    if (schema === undefined) return place
    place = { path: [...place.path, key], schema, value }
  }
  return place
}

function elementOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  let list = withoutOptional(schema)
  if (list instanceof z.ZodReadonly) list = list.unwrap()
  return list instanceof z.ZodArray ? list.element : undefined
}

function requiredWithin(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): { path: readonly PropertyKey[]; allowed: string }[] {
  return Object.entries(fieldsOf(schema, undefined) ?? {})
    .filter(([, field]) => !(field instanceof z.ZodOptional))
    .map(([name, field]) => {
      const facts = factsOf(field)
      return { path: [...path, name], allowed: facts === undefined ? 'a value' : allowedText(facts) }
    })
}

/** A path as a script writes it: `mix.sigma`, `schedule.boundaries[0]`. */
function written(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${String(key)}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

const LONGEST = 60

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'bigint') return `${String(value)}n`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  const text = typeof value === 'string' ? `'${value}'` : listed(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text
}

/** JSON, but with NaN and the infinities as they are. */
function listed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.slice(0, LONGEST).map(shown).join(', ')}]`
  if (!isRecord(value)) return String(value)
  const entries = Object.entries(value).slice(0, LONGEST)
  return `{ ${entries.map(([name, inner]) => `${name}: ${shown(inner)}`).join(', ')} }`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
