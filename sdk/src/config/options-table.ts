import { z } from 'zod'

import { type OptionFacts } from './option.js'
import { casesOf, factsOf, fieldsOf, withoutOptional } from './schema-walk.js'
import { networks } from './networks.js'
import type { ModelConfig } from './option-types.js'
import { type Message, type MessageName, messageSchemas, toMessage } from './to-message.js'

/** One row of `proto/cowmask/v1/options.json`. Its path is the field's in the message, a oneof's case being an element. */
export type OptionRow = Readonly<Record<string, unknown>> & { readonly path: string; readonly type: string }

/** The table that the worker reads. */
export interface OptionsTable {
  readonly version: 1
  readonly messages: Readonly<Record<MessageName, readonly OptionRow[]>>
  /** A `ModelConfig` by each name that the authors' code has for a network. */
  readonly networks: Readonly<Record<string, Message>>
}

/** Flattens the schemas. */
export function optionsTable(): OptionsTable {
  const rows = (name: MessageName): readonly OptionRow[] => rowsOf(messageSchemas[name], [])
  return {
    version: 1,
    messages: {
      ExperimentConfig: rows('ExperimentConfig'),
      GenerateRequest: rows('GenerateRequest'),
      MixOptions: rows('MixOptions'),
      EraseOptions: rows('EraseOptions'),
      DatasetImportOptions: rows('DatasetImportOptions'),
      SplitOptions: rows('SplitOptions'),
      SplitImportOptions: rows('SplitImportOptions'),
      InspectOptions: rows('InspectOptions'),
    },
    networks: Object.fromEntries(Object.entries(networks).map(([name, model]) => [name, modelMessage(model)])),
  }
}

function modelMessage(model: ModelConfig): Message {
  return toMessage('ExperimentConfig', { dataset: { name: 'digits' }, model }).model as Message
}

function rowsOf(schema: z.core.$ZodType, path: readonly string[]): OptionRow[] {
  const union = withoutOptional(schema)
  if (!(union instanceof z.ZodDiscriminatedUnion)) return fieldRows(fieldsOf(schema, undefined) ?? {}, path)

  const facts = factsOf(union)
  if (facts?.type !== 'oneof') throw new TypeError(`the union at '${path.join('.')}' is not registered`)
  const { discriminator } = union.def
  const cases = casesOf(union)
  const pick = (fields: UnionFields, shared: boolean): UnionFields =>
    Object.fromEntries(
      Object.entries(fields).filter(([name]) => name !== discriminator && facts.shared.includes(name) === shared),
    )
  const { description } = facts
  return [
    ...fieldRows(pick(cases[0]?.fields ?? {}, true), path),
    {
      path: path.join('.'),
      type: 'oneof',
      name: discriminator,
      cases: cases.map(({ name }) => name),
      ...(facts.default === undefined ? { required: true } : { default: facts.default }),
      description,
    },
    ...cases.flatMap(({ name, fields }) => fieldRows(pick(fields, false), [...path, name])),
  ]
}

type UnionFields = Readonly<Record<string, z.core.$ZodType>>

function fieldRows(fields: UnionFields, path: readonly string[]): OptionRow[] {
  return Object.entries(fields).flatMap(([name, schema]) => {
    const inner = [...path, snakeCase(name)]
    const facts = factsOf(schema)
    if (facts === undefined) throw new TypeError(`the option '${inner.join('.')}' is not registered`)
    if (facts.type === 'message' || facts.type === 'oneof') return rowsOf(schema, inner)
    return [rowOf(inner.join('.'), facts, schema instanceof z.ZodOptional)]
  })
}

function rowOf(path: string, facts: OptionFacts, optional: boolean): OptionRow {
  const { type, description, ...rest } = facts
  if ('default' in rest !== optional) throw new TypeError(`'${path}' must be optional exactly if it has a default`)
  return { path, type, ...rest, ...(optional ? {} : { required: true }), description }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
