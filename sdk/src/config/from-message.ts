import { z } from 'zod'

import { casesOf, factsOf, fieldsOf, withoutOptional } from './schema-walk.js'
import { caseField, type Message, type MessageName, messageSchemas } from './to-message.js'
import type { ResolvedExperimentConfig } from './types.js'

/** Turns a message into what a script would have written for it. Fields that the schemas don't know are left out. */
export function fromMessage(name: MessageName, message: Message): Record<string, unknown> {
  return valueOf(messageSchemas[name], message)
}

/** What runs did that are older than these options. */
const BEFORE = {
  nonFiniteLoss: 'halt',
  precision: 'float32',
  studentPasses: 'separate',
  strictParity: false,
  randomStream: 'current',
  dataset: { excludeLabeled: false, split: 'rule' },
  augmentation: { cropArea: [1, 1], resample: 'antialias', colorJitter: false, grayscale: 0 },
} as const

/**
 * The config of a run, as the worker has resolved it.
 *
 * @throws {TypeError} if the worker left an option out.
 */
export function resolvedExperimentConfig(message: Message): ResolvedExperimentConfig {
  const read = withoutEpochs(fromMessage('ExperimentConfig', message))
  const config: Record<string, unknown> = {
    ...BEFORE,
    ...read,
    dataset: { ...BEFORE.dataset, ...Object(read.dataset) } as object,
    augmentation: { ...BEFORE.augmentation, ...Object(read.augmentation) } as object,
  }
  demandComplete(withoutEpochs(fieldsOf(messageSchemas.ExperimentConfig, config) ?? {}), config, '')
  return config as unknown as ResolvedExperimentConfig
}

function valueOf(schema: z.core.$ZodType, message: Message): Record<string, unknown> {
  const union = withoutOptional(schema)
  if (!(union instanceof z.ZodDiscriminatedUnion)) return read(fieldsOf(schema, undefined) ?? {}, message)

  const facts = factsOf(union)
  const shared = facts?.type === 'oneof' ? facts.shared : []
  const { discriminator } = union.def
  const found = casesOf(union).find(({ name }) => isMessage(message[caseField(name)]))
  const common = Object.fromEntries(Object.entries(message).filter(([name]) => shared.includes(name)))
  if (found === undefined) return common
  const own = message[caseField(found.name)] as Message
  return { [discriminator]: found.name, ...read(found.fields, { ...common, ...own }) }
}

function read(fields: Readonly<Record<string, z.core.$ZodType>>, message: Message): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(fields)) {
    const field = message[name]
    // An absent message is null, an empty list means that none was set.
    if (field === undefined || field === null || (Array.isArray(field) && field.length === 0)) continue
    if (factsOf(schema) !== undefined) value[name] = fieldOf(schema, field)
  }
  return value
}

function fieldOf(schema: z.core.$ZodType, field: unknown): unknown {
  const type = factsOf(schema)?.type
  if (type === 'Range') {
    const { low, high } = field as { low: number; high: number }
    return [low, high]
  }
  if (type === 'Boundary[]') return (field as { at: number; factor: number }[]).map(({ at, factor }) => [at, factor])
  return type === 'message' || type === 'oneof' ? valueOf(schema, field as Message) : field
}

function withoutEpochs<T>(fields: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'epochs'))
}

function demandComplete(
  fields: Readonly<Record<string, z.core.$ZodType>>,
  value: Readonly<Record<string, unknown>>,
  path: string,
): void {
  for (const [name, schema] of Object.entries(fields)) {
    const field = value[name]
    if (field === undefined) throw new TypeError(`the worker left ${path}${name} out of the run's config`)
    const inner = fieldsOf(schema, field)
    if (inner !== undefined) demandComplete(inner, field as Record<string, unknown>, `${path}${name}.`)
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null
}
