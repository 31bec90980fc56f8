import type { MethodDefinition } from '@grpc/proto-loader'
import { type AnyDefinition, type MessageTypeDefinition, type PackageDefinition, fromJSON } from '@grpc/proto-loader'

import { descriptor, loaderOptions } from './generated/descriptor.js'
import type {
  DatasetsDefinition,
  ExperimentsDefinition,
  MasksDefinition,
  ModelsDefinition,
  SplitsDefinition,
  SystemDefinition,
} from './generated/services.js'

/** The largest message that either side accepts, in bytes. */
export const MESSAGE_BYTES = 16 * 1024 * 1024

interface Services {
  readonly Masks: MasksDefinition
  readonly Experiments: ExperimentsDefinition
  readonly Datasets: DatasetsDefinition
  readonly Models: ModelsDefinition
  readonly Splits: SplitsDefinition
  readonly System: SystemDefinition
}

/** The names that an interface declares, without those its index signature allows. */
type DeclaredKeys<T> = keyof { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] }

type Methods = {
  [S in keyof Services]: {
    [M in DeclaredKeys<Services[S]> & string as `${S}.${M}`]: Services[S][M]
  }
}[keyof Services]

type UnionToIntersection<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void
  ? I
  : never
type AllMethods = UnionToIntersection<Methods>

/** Every method of the contract, as `Service.Method`. */
export type MethodName = keyof AllMethods

/** What a method is asked with. */
export type RequestOf<M extends MethodName> = Parameters<AllMethods[M]['requestSerialize']>[0]

/** What a method answers: one message, or each message of a stream. */
export type ResponseOf<M extends MethodName> = ReturnType<AllMethods[M]['responseDeserialize']>

let loaded: PackageDefinition | undefined

/** The whole contract. It is parsed on first use. */
export function contract(): PackageDefinition {
  loaded ??= fromJSON(descriptor as unknown as Parameters<typeof fromJSON>[0], {
    ...loaderOptions,
    enums: String,
    longs: Number,
  })
  return loaded
}

function definition(name: string): AnyDefinition {
  const found = contract()[`cowmask.v1.${name}`]
  if (found === undefined) throw new TypeError(`the contract has no cowmask.v1.${name}`)
  return found
}

/** One method: its path on the wire and how its messages are written and read. */
export function method<M extends MethodName>(name: M): MethodDefinition<RequestOf<M>, object, object, ResponseOf<M>> {
  const [service = '', call = ''] = name.split('.')
  const found = (definition(service) as Readonly<Record<string, MethodDefinition<object, object>>>)[call]
  if (found === undefined) throw new TypeError(`the contract has no method ${name}`)
  return found as unknown as MethodDefinition<RequestOf<M>, object, object, ResponseOf<M>>
}

/** One message, to be written and read outside a call. */
export function message<T>(name: string): MessageTypeDefinition<object, T & object> {
  return definition(name) as unknown as MessageTypeDefinition<object, T & object>
}
