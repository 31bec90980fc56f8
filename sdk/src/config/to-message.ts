import { z } from 'zod'

import { datasetImportOptions } from './dataset-import.js'
import { experimentConfig } from './experiment.js'
import { inspectOptions } from './inspect-options.js'
import { eraseOptions, generateRequest, mixOptions } from './mask-requests.js'
import { factsOf, fieldsOf, withoutOptional } from './schema-walk.js'
import { splitImportOptions, splitOptions } from './split.js'

/** A message as @grpc/proto-loader takes it: camelCase fields, of a oneof only the case that is set. */
export type Message = Readonly<Record<string, unknown>>

/** The messages that scripts fill with options, and their schemas. */
export const messageSchemas = {
  ExperimentConfig: experimentConfig,
  GenerateRequest: generateRequest,
  MixOptions: mixOptions,
  EraseOptions: eraseOptions,
  DatasetImportOptions: datasetImportOptions,
  SplitOptions: splitOptions,
  SplitImportOptions: splitImportOptions,
  InspectOptions: inspectOptions,
} as const

export type MessageName = keyof typeof messageSchemas

/** Turns what `parse` answered into a message. Only what is set is sent. */
export function toMessage<N extends MessageName>(name: N, value: z.output<(typeof messageSchemas)[N]>): Message {
  return messageOf(messageSchemas[name], value)
}

function messageOf(schema: z.core.$ZodType, value: Message): Message {
  const union = withoutOptional(schema)
  const fields = fieldsOf(schema, value) ?? {}
  const set = Object.entries(value).filter(([, field]) => field !== undefined)
  const sent = (entries: typeof set): Message =>
    Object.fromEntries(entries.map(([name, field]) => [name, fieldOf(fields[name], field)]))
  if (!(union instanceof z.ZodDiscriminatedUnion)) return sent(set)

  const { discriminator } = union.def
  const facts = factsOf(union)
  const shared = facts?.type === 'oneof' ? facts.shared : []
  const own = set.filter(([name]) => name !== discriminator && !shared.includes(name))
  return {
    ...sent(set.filter(([name]) => shared.includes(name))),
    [caseField(String(value[discriminator]))]: sent(own),
  }
}

function fieldOf(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) throw new TypeError('toMessage takes what parse answered, nothing else')
  const type = factsOf(schema)?.type
  if (type === 'Range') {
    const [low, high] = value as readonly [number, number]
    return { low, high }
  }
  if (type === 'Boundary[]')
    return (value as readonly (readonly [number, number])[]).map(([at, factor]) => ({ at, factor }))
  return type === 'message' || type === 'oneof' ? messageOf(schema, value as Message) : value
}

/** The name of a oneof's case as a field of the message: `wide_resnet` is `wideResnet`. */
export function caseField(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
