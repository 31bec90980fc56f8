import type { Tensor } from '../transport/tensor.js'
import * as types from './element-type.js'
import { MalformedWeights, shown } from './malformed.js'
import { rowMajor } from './row-major.js'

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')

/** Most bytes of a header; numpy's own reader stops there too. */
const HEADER_BYTES = 10_000

const DTYPES = new Map([
  ['<f4', types.float32],
  ['<f8', types.float64],
  ['<f2', types.float16],
  ['<i4', types.int32],
  ['<i8', types.int64],
  ['|u1', types.uint8],
  ['|b1', types.bool],
])

/** What the header of a `.npy` file says. */
interface Header {
  readonly descr: string
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
}

/** A tensor as the bytes of a `.npy` file, version 1.0. */
export function encodeNpy({ data, shape }: Tensor): Uint8Array {
  const descr = data instanceof Float32Array ? '<f4' : data instanceof Int32Array ? '<i4' : '|u1'
  const tuple = shape.length === 1 ? `(${String(shape[0])},)` : `(${shape.join(', ')})`
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  const start = MAGIC.length + 4
  // The data begins at a multiple of 64 bytes; spaces and a line's end fill the header up.
  const length = Math.ceil((start + header.length + 1) / 64) * 64 - start
  const version = Buffer.from([1, 0, length & 255, length >> 8])
  const text = Buffer.from(`${header.padEnd(length - 1)}\n`, 'latin1')
  return Buffer.concat([MAGIC, version, text, Buffer.from(data.buffer, data.byteOffset, data.byteLength)])
}

/**
 * Reads the bytes of a `.npy` file of version 1.0, 2.0 or 3.0. `<f4`, `<i4` and `|u1` stay what they are; `|b1` is read
 * as bytes, `<f8` and `<f2` as `Float32Array`, `<i8` as `Int32Array`; Fortran's order becomes row-major.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @throws MalformedWeights
 */
export function decodeNpy(bytes: Uint8Array): Tensor {
  const { header, body } = split(bytes)
  const { descr, fortranOrder, shape } = parseHeader(header)
  const type = DTYPES.get(descr)
  if (type === undefined) throw unknownType(descr)
  const data = types.decodeElements(type, shape, body)
  return { shape, data: fortranOrder ? rowMajor(data, shape) : data }
}

function split(bytes: Uint8Array): { header: string; body: Uint8Array } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!file.subarray(0, MAGIC.length).equals(MAGIC))
    throw new MalformedWeights(`begins with ${shown(file.toString('latin1', 0, MAGIC.length))}`, shown('\x93NUMPY'))
  const [major = 0, minor = 0] = file.subarray(MAGIC.length)
  if (major < 1 || major > 3 || minor !== 0)
    throw new MalformedWeights(`has the version ${major}.${minor} of the .npy format`, '1.0, 2.0 or 3.0')
  const start = MAGIC.length + (major === 1 ? 4 : 6)
  if (file.length < start) throw new MalformedWeights(`ends after ${file.length} bytes`, 'a header')
  const length = major === 1 ? file.readUInt16LE(start - 2) : file.readUInt32LE(start - 4)
  if (length > HEADER_BYTES)
    throw new MalformedWeights(`has a header of ${length} bytes`, `at most ${HEADER_BYTES}, as numpy does`)
  if (file.length < start + length)
    throw new MalformedWeights(`ends after ${file.length - start} bytes of its header`, `all ${length}`)
  return { header: file.toString('latin1', start, start + length), body: file.subarray(start + length) }
}

// The header is written as a Python dictionary of three names. Numpy evaluates it; here nothing else is understood.
const TUPLE = String.raw`\(\s*\)|\(\s*\d+\s*,\s*\)|\(\s*\d+(?:\s*,\s*\d+)+\s*,?\s*\)`
const ENTRY = String.raw`'(descr|fortran_order|shape)'\s*:\s*('[^'\\]*'|True|False|${TUPLE})`
const DICTIONARY = new RegExp(String.raw`^\{\s*${ENTRY}\s*,\s*${ENTRY}\s*,\s*${ENTRY}\s*,?\s*\}\s*$`)

function parseHeader(text: string): Header {
  const [, ...parts] = DICTIONARY.exec(text) ?? []
  const values = new Map([0, 2, 4].map((index) => [parts[index], parts[index + 1]]))
  const descr = values.get('descr')
  const order = values.get('fortran_order')
  const tuple = values.get('shape')
  const shape = tuple?.match(/\d+/g)?.map(Number) ?? []
  if (
    !descr?.startsWith("'") ||
    (order !== 'True' && order !== 'False') ||
    !tuple?.startsWith('(') ||
    !shape.every(Number.isSafeInteger)
  )
    throw new MalformedWeights(
      `has the header ${shown(text.trimEnd())}`,
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} or the like, with one plain element type",
    )
  return { descr: descr.slice(1, -1), fortranOrder: order === 'True', shape }
}

function unknownType(descr: string): MalformedWeights {
  const allowed = `one of ${[...DTYPES.keys()].join(', ')}`
  const found = `has the element type ${shown(descr)}`
  if (descr.startsWith('|O'))
    return new MalformedWeights(
      `${found}: Python objects, stored as a pickle, which can run code when it is read`,
      `numbers, ${allowed}; in Python, save what array.astype('float32') gives`,
    )
  if (descr.startsWith('>')) return new MalformedWeights(`${found}, which is big-endian`, `little-endian, ${allowed}`)
  return new MalformedWeights(found, allowed)
}
