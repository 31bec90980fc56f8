import { z } from 'zod'

import { type OptionFacts, optionFacts } from './option.js'

/** The facts of a field that is registered itself, or as what a refinement or `optional` was made of. */
export function factsOf(schema: z.core.$ZodType): OptionFacts | undefined {
  return optionFacts.get(withoutOptional(schema) as z.ZodType)
}

export function withoutOptional(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? withoutOptional(schema.unwrap()) : schema
}

/** The fields of an object, or of that case of a union which the value names. Undefined for anything else. */
export function fieldsOf(
  schema: z.core.$ZodType,
  value: unknown,
): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const present = withoutOptional(schema)
  if (present instanceof z.ZodObject) return present.shape
  if (!(present instanceof z.ZodDiscriminatedUnion) || typeof value !== 'object' || value === null) return undefined
  const name: unknown = (value as Record<string, unknown>)[present.def.discriminator]
  return casesOf(present).find((candidate) => candidate.name === name)?.fields
}

export interface UnionCase {
  readonly name: string
  /** With the discriminator. */
  readonly fields: Readonly<Record<string, z.core.$ZodType>>
}

/** The cases of a discriminated union, in the order they were written. */
export function casesOf(union: z.ZodDiscriminatedUnion): UnionCase[] {
  const { discriminator } = union.def
  return union.options.map((option) => {
    const fields: UnionCase['fields'] = option instanceof z.ZodObject ? option.shape : {}
    const literal = fields[discriminator]
    const name: unknown = literal instanceof z.ZodLiteral ? literal.value : undefined
    if (typeof name !== 'string')
      throw new TypeError(`every case of a union by '${discriminator}' is an object that names itself`)
    return { name, fields }
  })
}
