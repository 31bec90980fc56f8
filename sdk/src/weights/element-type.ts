import type { Tensor } from '../transport/tensor.js'
import { MalformedWeights } from './malformed.js'

/** How the elements of an array are stored, and what they become here. */
export interface ElementType {
  /** Bytes of one element. */
  readonly size: number
  /**
   * Copies elements out of a file, where they may begin at any byte.
   *
   * @throws MalformedWeights when a value has no place in the type that it is read as
   */
  readonly decode: (bytes: Uint8Array) => Tensor['data']
}

// A copy begins at the start of its own buffer, so that elements of any size can be read from it. Files and Node are
// little-endian alike.
const copied = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

export const float32: ElementType = { size: 4, decode: (bytes) => new Float32Array(copied(bytes)) }

export const int32: ElementType = { size: 4, decode: (bytes) => new Int32Array(copied(bytes)) }

export const uint8: ElementType = { size: 1, decode: (bytes) => new Uint8Array(bytes) }

/** Zeros and ones, one byte each; read as `Uint8Array`. */
export const bool: ElementType = {
  size: 1,
  decode(bytes) {
    const strange = bytes.find((value) => value > 1)
    if (strange !== undefined) throw new MalformedWeights(`holds the byte ${strange} as a truth value`, '0 or 1')
    return new Uint8Array(bytes)
  },
}

/** Rounded to the nearest `Float32Array` element; what would become infinite is refused. */
export const float64: ElementType = {
  size: 8,
  decode(bytes) {
    const wide = new Float64Array(copied(bytes))
    const narrow = Float32Array.from(wide)
    const lost = wide.findIndex((value, index) => Number.isFinite(value) && !Number.isFinite(narrow[index]))
    if (lost >= 0)
      throw new MalformedWeights(
        `holds ${String(wide[lost])}, which no 32-bit float can`,
        'values that fit, since 64-bit floats are read as 32-bit ones',
      )
    return narrow
  },
}

/** Read as `Float32Array`, which holds every one of them exactly. */
export const float16: ElementType = {
  size: 2,
  decode: (bytes) => Float32Array.from(new Uint16Array(copied(bytes)), halfFloat),
}

/** Read as `Float32Array`, of which it is the upper half. */
export const bfloat16: ElementType = {
  size: 2,
  decode: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(copied(bytes)), (bits) => bits << 16).buffer),
}

/** Read as `Int32Array`; what doesn't fit is refused. */
export const int64: ElementType = {
  size: 8,
  decode(bytes) {
    const halves = new Int32Array(copied(bytes))
    const narrow = new Int32Array(halves.length / 2)
    for (let index = 0; index < narrow.length; index += 1) {
      const low = halves[index * 2] ?? 0
      // A number fits when the upper half only repeats the sign of the lower.
      if (halves[index * 2 + 1] !== low >> 31)
        throw new MalformedWeights(
          `holds ${String(new BigInt64Array(halves.buffer)[index])}, which no 32-bit integer can`,
          'values that fit, since 64-bit integers are read as 32-bit ones',
        )
      narrow[index] = low
    }
    return narrow
  },
}

/** IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
function halfFloat(bits: number): number {
  const sign = bits >> 15 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Elements of an array of this shape; a scalar, of shape `[]`, is one. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((count, length) => count * length, 1)

/**
 * Reads the bytes of one array.
 *
 * @throws MalformedWeights unless they are as many as shape and type ask for
 */
export function decodeElements(type: ElementType, shape: readonly number[], bytes: Uint8Array): Tensor['data'] {
  const expected = elementCount(shape) * type.size
  if (bytes.length !== expected)
    throw new MalformedWeights(
      `has ${bytes.length} bytes of data`,
      `${expected} for the shape [${shape.join(', ')}] and ${type.size} bytes an element`,
    )
  return type.decode(bytes)
}
