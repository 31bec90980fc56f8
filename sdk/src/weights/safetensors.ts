import { z } from 'zod'

import type { Tensor } from '../transport/tensor.js'
import { checkTensors, unicodeFault } from './check-tensors.js'
import * as types from './element-type.js'
import { MalformedWeights, about, shown } from './malformed.js'
import { repeatedKey } from './repeated-key.js'

/** Most bytes of a header; the limit of the format's own readers. */
const HEADER_BYTES = 100_000_000

/** Of the header: the one name that is no tensor's. */
const METADATA = '__metadata__'

const DTYPES = new Map([
  ['F32', types.float32],
  ['F64', types.float64],
  ['F16', types.float16],
  ['BF16', types.bfloat16],
  ['I32', types.int32],
  ['I64', types.int64],
  ['U8', types.uint8],
  ['BOOL', types.bool],
])

const whole = z.int().min(0)
const entrySchema = z.object({ dtype: z.string(), shape: z.array(whole), data_offsets: z.tuple([whole, whole]) })
type Entry = z.output<typeof entrySchema>

/**
 * Tensors as the bytes of a safetensors file, readable from any language without running code. `metadata` are texts by
 * name that readers of the format show.
 *
 * @throws ConfigError when a tensor or its name can't stand in one
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  checkTensors(tensors, (name) =>
    name === METADATA ? 'is a name that the format keeps for itself.' : unicodeFault(name),
  )
  // Single bytes come last, so that all other elements begin at a multiple of their size, as readers that map files like.
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT)
  let offset = 0
  const entries = ordered.map(([name, { data, shape }]): [string, Entry] => {
    const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'U8'
    const begin = offset
    offset += data.byteLength
    return [name, { dtype, shape: [...shape], data_offsets: [begin, offset] }]
  })
  const told = Object.keys(metadata).length > 0 ? { [METADATA]: metadata } : {}
  const text = Buffer.from(JSON.stringify({ ...told, ...Object.fromEntries(entries) }))
  // The data begins at a multiple of eight bytes; spaces fill the header up.
  const padding = Buffer.alloc((8 - (text.length % 8)) % 8, ' ')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length + padding.length))
  const bodies = ordered.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  return Buffer.concat([length, text, padding, ...bodies])
}

/**
 * Reads the bytes of a safetensors file, tensors in the order of its header. `F32`, `I32` and `U8` stay what they are;
 * `BOOL` is read as bytes, `F64`, `F16` and `BF16` as `Float32Array`, `I64` as `Int32Array`. The metadata is left out.
 *
 * @throws MalformedWeights
 */
export function decodeSafetensors(bytes: Uint8Array): Map<string, Tensor> {
  const { header, body } = split(bytes)
  const entries = new Map<string, Entry>()
  for (const [name, value] of Object.entries(headerOf(header)))
    if (name === METADATA) checkMetadata(value)
    else entries.set(name, entryOf(name, value))
  checkCover(entries, body.length)
  return new Map(
    Array.from(
      entries,
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const type = DTYPES.get(dtype)
        if (type === undefined)
          throw new MalformedWeights(
            `${shown(name)} has the element type ${shown(dtype)}`,
            `one of ${[...DTYPES.keys()].join(', ')}`,
          )
        const data = about(name, () => types.decodeElements(type, shape, body.subarray(begin, end)))
        return [name, { shape, data }]
      },
    ),
  )
}

function split(bytes: Uint8Array): { header: Uint8Array; body: Uint8Array } {
  if (bytes.length < 8)
    throw new MalformedWeights(`the file ends after ${bytes.length} bytes`, '8 that give the length of a header')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > HEADER_BYTES)
    throw new MalformedWeights(
      `the first 8 bytes announce a header of ${length} bytes`,
      `at most ${HEADER_BYTES}, so this is no safetensors file`,
    )
  const end = 8 + Number(length)
  if (end > bytes.length)
    throw new MalformedWeights(
      `a header of ${length} bytes is announced and ${bytes.length - 8} follow`,
      'the whole header, so the file was cut off',
    )
  return { header: bytes.subarray(8, end), body: bytes.subarray(end) }
}

function headerOf(bytes: Uint8Array): object {
  const expected = 'a JSON object of names and tensors, in UTF-8'
  let text: string
  let parsed: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    parsed = JSON.parse(text)
  } catch (error) {
    throw new MalformedWeights(`the header is no JSON (${error instanceof Error ? error.message : ''})`, expected)
  }
  if (typeof parsed !== 'object' || parsed === null || !text.startsWith('{'))
    throw new MalformedWeights(`the header is ${shown(text)}`, expected)
  const repeated = repeatedKey(text)
  if (repeated !== undefined)
    throw new MalformedWeights(`the header names ${shown(repeated)} twice`, 'every name once in one object')
  return parsed
}

function entryOf(name: string, value: unknown): Entry {
  const fault = unicodeFault(name)
  if (fault !== undefined) throw new MalformedWeights(`the header names ${shown(name)}`, 'names in well-formed Unicode')
  const parsed = entrySchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new MalformedWeights(
    `${shown(name)} is described by ${shown(JSON.stringify(value))}`,
    '{ dtype, shape, data_offsets: [begin, end] } with whole numbers from 0 up',
  )
}

function checkMetadata(value: unknown): void {
  if (!z.record(z.string(), z.string()).safeParse(value).success)
    throw new MalformedWeights(`${METADATA} is ${shown(JSON.stringify(value))}`, 'an object of strings')
}

/** The format has every byte of the data belong to one tensor: nothing is shared, nothing hides in between. */
function checkCover(entries: ReadonlyMap<string, Entry>, length: number): void {
  let filled = 0
  const ordered = [...entries].sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1])
  for (const [name, { data_offsets }] of ordered) {
    const [begin, end] = data_offsets
    const span = `${shown(name)} has the bytes ${begin} to ${end}`
    if (end < begin) throw new MalformedWeights(span, 'an end that is not before its beginning')
    if (end > length) throw new MalformedWeights(span, `an end within the ${length} bytes of data`)
    if (begin !== filled)
      throw new MalformedWeights(span, `byte ${filled} as its beginning, where the tensor before it ends`)
    filled = end
  }
  if (filled !== length)
    throw new MalformedWeights(`the tensors end at byte ${filled} of ${length} bytes of data`, 'that they cover all')
}
