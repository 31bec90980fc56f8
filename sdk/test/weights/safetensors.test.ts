import { writeFile } from 'node:fs/promises'

import { readWeights } from 'cowmask'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ConfigError } from '../../src/errors.js'
import type { Tensor } from '../../src/transport/tensor.js'
import { MalformedWeights } from '../../src/weights/malformed.js'
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js'
import { Temporary } from '../worker/temporary.js'
import { tensors } from './arbitrary.js'
import { PLAIN, plain } from './plain.js'
import { python } from './python.js'

/** A file with this header, whatever it says, before so many bytes of data. */
function file(header: unknown, data: number | Uint8Array = 0): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, typeof data === 'number' ? Buffer.alloc(data) : data])
}

const entry = (begin: number, end: number, shape = [end - begin], dtype = 'U8') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

/** One array of a type, of which the file holds these bytes. */
const one = (dtype: string, count: number, data: ArrayBufferView) =>
  file({ a: entry(0, data.byteLength, [count], dtype) }, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))

const small = new Map<string, Tensor>([
  ['kernel', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['steps', { shape: [], data: Int32Array.of(-7) }],
  ['mask', { shape: [300], data: new Uint8Array(300).fill(1) }],
])

describe('safetensors', () => {
  it('gives back all tensors that it was made from', () => {
    fc.assert(
      fc.property(tensors, (made) => {
        expect(decodeSafetensors(encodeSafetensors(made))).toEqual(made)
      }),
      { numRuns: 200 },
    )
  })

  it('takes names that mean something to JavaScript', () => {
    const tensor: Tensor = { shape: [1], data: Uint8Array.of(1) }
    const names = ['__proto__', 'constructor', '10', '2', '', '"\\\n', 'ü/😀']
    const back = decodeSafetensors(encodeSafetensors(new Map(names.map((name) => [name, tensor]))))
    expect([...back.keys()].sort()).toEqual([...names].sort())
  })

  it('begins every element at a multiple of its size', () => {
    const bytes = Buffer.from(
      encodeSafetensors(
        new Map<string, Tensor>([
          ['odd', { shape: [3], data: Uint8Array.of(1, 2, 3) }],
          ['wide', { shape: [1], data: Float32Array.of(1) }],
        ]),
      ),
    )
    const start = 8 + Number(bytes.readBigUInt64LE())
    expect(start % 8).toBe(0)
    expect(bytes.readFloatLE(start)).toBe(1)
  })

  it('is read from any place in memory', () => {
    const bytes = encodeSafetensors(small)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(decodeSafetensors(shifted.subarray(3))).toEqual(small)
  })

  it("reads what the format's own library wrote, wide and narrow types too", async () => {
    await using here = await Temporary.make()
    const path = here.path('theirs.safetensors')
    const said = await python(
      `${PLAIN}
import ml_dtypes
from safetensors.numpy import save
numbers = np.array([[0.0, -1.5], [1 / 3, 6e-8], [65504.0, -1e-3]])
arrays = {
    "f64": numbers, "f32": numbers.astype("f4"), "f16": numbers.astype("f2"), "bf16": numbers.astype(ml_dtypes.bfloat16),
    "i64": np.array([2**31 - 1, -(2**31), 0, -1]), "i32": np.array([7], "i4"), "u8": np.arange(256).astype("u1"),
    "bool": np.array([True, False]), "scalar": np.array(2.5, "f4"), "empty": np.zeros((0, 3), "f4"),
}
open(sys.argv[1], "wb").write(save(arrays, metadata={"format": "np"}))
print(plain(arrays))`,
      path,
    )
    expect(plain(await readWeights(path))).toEqual(said)
  })

  it("says the same to the format's own library", async () => {
    await using here = await Temporary.make()
    const path = here.path('ours.safetensors')
    await writeFile(path, encodeSafetensors(small))
    const read = `${PLAIN}
from safetensors.numpy import load_file
print(plain(load_file(sys.argv[1])))`
    expect(await python(read, path)).toEqual(plain(small))
  })

  it.each([
    ['F64', 1, Float64Array.of(1e300), '"a" holds 1e+300, which no 32-bit float can'],
    ['I64', 2, BigInt64Array.of(-1n, 2n ** 31n), '"a" holds 2147483648, which no 32-bit integer can'],
    ['I64', 1, BigInt64Array.of(-(2n ** 31n) - 1n), '"a" holds -2147483649'],
    ['BOOL', 2, Uint8Array.of(1, 2), '"a" holds the byte 2 as a truth value; expected 0 or 1'],
    ['U16', 1, Uint16Array.of(1), '"a" has the element type "U16"; expected one of F32, F64, F16'],
    ['F32', 2, Float32Array.of(1), '"a" has 4 bytes of data; expected 8 for the shape [2] and 4 bytes an element'],
  ] as const)('refuses %s %#', (dtype, count, data, message) => {
    expect(() => decodeSafetensors(one(dtype, count, data))).toThrow(message)
  })

  it('keeps infinities and what is no number', () => {
    const tensor = decodeSafetensors(one('F64', 3, Float64Array.of(Infinity, -Infinity, NaN))).get('a')
    expect(tensor?.data).toEqual(Float32Array.of(Infinity, -Infinity, NaN))
  })

  it.each([
    ['an empty file', Buffer.alloc(0), 'ends after 0 bytes; expected 8'],
    ['a header beyond the file', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123]), 'of 9 bytes is announced and 1 follow'],
    [
      'a header over 100 MB',
      Buffer.from([1, 225, 245, 5, 0, 0, 0, 0]),
      'of 100000001 bytes; expected at most 100000000',
    ],
    ['a header of any length', Buffer.alloc(8, 255), 'of 18446744073709551615 bytes'],
    ['no JSON', file('{"a": '), 'the header is no JSON ('],
    ['no UTF-8', file('{"\xff": 1}'.replace('\xff', '')).fill(255, 9, 10), 'the header is no JSON ('],
    ['a list', file('[]'), 'the header is "[]"; expected a JSON object'],
    ['null', file('null'), 'the header is "null"'],
    ['a space before the header', file(' {}'), 'the header is " {}"'],
    ['a name twice', file('{"a": 1, "\\u0061": 1}'), 'names "a" twice'],
    ['a field twice', file('{"a": {"dtype": "U8", "dtype": "F32"}}'), 'names "dtype" twice'],
    ['half a character', file('{"\\ud800": 1}'), 'well-formed Unicode'],
    ['an entry that is none', file({ a: 'U8' }), '"a" is described by "\\"U8\\""; expected { dtype, shape'],
    ['no shape', file({ a: { dtype: 'U8', data_offsets: [0, 0] } }), '"a" is described by'],
    ['a negative length', file({ a: entry(0, 0, [-1, 0]) }), '"a" is described by'],
    ['a broken length', file({ a: entry(0, 1, [0.5]) }, 1), '"a" is described by'],
    ['a huge length', file(`{"a": {"dtype": "U8", "shape": [1e300], "data_offsets": [0, 0]}}`), '"a" is described by'],
    ['lengths that overflow', file({ a: entry(0, 0, Array<number>(30).fill(2 ** 50)) }), '"a" has 0 bytes of data'],
    ['three offsets', file({ a: { ...entry(0, 1), data_offsets: [0, 1, 2] } }, 1), '"a" is described by'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), '__metadata__ is "{\\"a\\":1}"'],
    [
      'offsets turned around',
      file({ a: entry(0, 2), b: entry(2, 1, []) }, 2),
      '"b" has the bytes 2 to 1; expected an end',
    ],
    [
      'offsets out of range',
      file({ a: entry(0, 9) }, 8),
      '"a" has the bytes 0 to 9; expected an end within the 8 bytes',
    ],
    ['tensors that overlap', file({ a: entry(0, 4), b: entry(2, 6) }, 6), '"b" has the bytes 2 to 6; expected byte 4'],
    ['the same bytes twice', file({ a: entry(0, 4), b: entry(0, 4) }, 4), '"b" has the bytes 0 to 4; expected byte 4'],
    ['a hole', file({ a: entry(0, 4), b: entry(5, 6) }, 6), '"b" has the bytes 5 to 6; expected byte 4'],
    ['bytes left over', file({ a: entry(0, 4) }, 5), 'end at byte 4 of 5 bytes of data; expected that they cover all'],
  ])('refuses %s', (_case, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(MalformedWeights)
    expect(() => decodeSafetensors(bytes)).toThrow(message)
  })

  it('refuses what was cut off, anywhere', () => {
    const bytes = encodeSafetensors(small)
    for (let length = 0; length < bytes.length; length += 97)
      expect(() => decodeSafetensors(bytes.subarray(0, length)), `${length} bytes`).toThrow(MalformedWeights)
  })

  it('either reads or refuses a damaged file', () => {
    const good = encodeSafetensors(small)
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1 })
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Uint8Array.from(good)
        for (const [at, value] of changes) bytes[at] = value
        try {
          decodeSafetensors(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedWeights)
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['__metadata__', { shape: [0], data: new Uint8Array(0) }, 'keeps for itself'],
    ['\ud800', { shape: [0], data: new Uint8Array(0) }, 'well-formed Unicode'],
    ['a', { shape: [2], data: new Uint8Array(3) }, '"a" must have 2 elements for the shape [2], but has 3.'],
    ['a', { shape: [-1], data: new Uint8Array(0) }, 'whole numbers from 0 up'],
    ['a', { shape: [1], data: Float64Array.of(1) }, 'Float32Array, an Int32Array or a Uint8Array'],
    ['a', undefined, 'Float32Array, an Int32Array or a Uint8Array'],
  ])('does not write %j %#', (name, tensor, message) => {
    const write = () => encodeSafetensors(new Map([[name, tensor as Tensor]]))
    expect(write).toThrow(ConfigError)
    expect(write).toThrow(message)
  })

  it('tells all tensors that it does not write', () => {
    const wrong: Tensor = { shape: [2], data: new Uint8Array(3) }
    const write = () => encodeSafetensors(new Map([['a', wrong], ['b', wrong]])) // prettier-ignore
    expect(write).toThrow(/"a" must have 2 elements[^]*"b" must have 2 elements/)
    expect(() => encodeSafetensors({ a: wrong } as unknown as Map<string, Tensor>)).toThrow('must be a Map')
  })
})
