import { describe, expect, it } from 'vitest'

import { MalformedWeights } from '../../src/weights/malformed.js'
import { decodeNpy, encodeNpy } from '../../src/weights/npy.js'

/** A file with this header, whatever it says, before so many bytes of data. */
function file(header: string, data = 0, [major, minor]: readonly [number, number] = [1, 0]): Buffer {
  const length = Buffer.alloc(major === 1 ? 2 : 4)
  length.writeUIntLE(header.length, 0, length.length)
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([major, minor]), length, Buffer.from(header), Buffer.alloc(data)]) // prettier-ignore
}

const header = (descr: string, shape = '(2,)', order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`

describe('npy', () => {
  it('begins its data at a multiple of 64 bytes', () => {
    for (const rank of [0, 1, 2, 20, 60]) {
      const bytes = encodeNpy({ shape: Array<number>(rank).fill(1), data: Float32Array.of(1.5) })
      expect((bytes.length - 4) % 64).toBe(0)
      expect(decodeNpy(bytes)).toEqual({ shape: Array<number>(rank).fill(1), data: Float32Array.of(1.5) })
    }
  })

  it.each([
    [[1, 0], header("'<f4'")],
    [[2, 0], header("'<f4'")],
    [[3, 0], header("'<f4'")],
    [[1, 0], "{'shape':(2,),'fortran_order':False,'descr':'<f4'}"],
    [[1, 0], "{ 'fortran_order' : True , 'descr' : '<f4' , 'shape' : ( 2 , ) , }   \n"],
    [[1, 0], header("'<f4'", '(1, 2,)')],
    [[1, 0], header("'<f4'", '(2, 1)')],
  ] as const)('is read in version %j with the header %j', (version, text) => {
    expect(decodeNpy(file(text, 8, version)).data).toEqual(new Float32Array(2))
  })

  it.each([
    ['another beginning', Buffer.from('PK\x03\x04, a zip archive'), 'begins with "PK\\u0003\\u0004, "'],
    ['no more than a beginning', file('').subarray(0, 9), 'ends after 9 bytes; expected a header'],
    ['version 4', file(header("'<f4'"), 8, [4, 0]), 'version 4.0 of the .npy format; expected 1.0, 2.0 or 3.0'],
    ['version 1.1', file(header("'<f4'"), 8, [1, 1]), 'version 1.1'],
    [
      'a header that is cut off',
      file(header("'<f4'")).subarray(0, 30),
      'ends after 20 bytes of its header; expected all',
    ],
    [
      'a header that is long',
      file(header("'<f4'").padEnd(10_001), 8),
      'a header of 10001 bytes; expected at most 10000',
    ],
    ['a header that is huge', file(header("'<f4'"), 8, [2, 0]).fill(255, 8, 12), 'a header of 4294967295 bytes'],
    ['too little data', file(header("'<f4'"), 7), 'has 7 bytes of data; expected 8 for the shape [2]'],
    ['too much data', file(header("'<f4'"), 9), 'has 9 bytes of data; expected 8'],
    ['big-endian numbers', file(header("'>f4'"), 8), '">f4", which is big-endian; expected little-endian, one of <f4'],
    ['objects', file(header("'|O'"), 8), 'Python objects, stored as a pickle'],
    ['text', file(header("'<U5'"), 40), 'the element type "<U5"; expected one of <f4, <f8, <f2, <i4, <i8, |u1, |b1'],
    ['complex numbers', file(header("'<c8'"), 16), 'the element type "<c8"'],
    ['records', file(header("[('a', '<f4')]"), 8), "has the header \"{'descr': [('a', '<f4')]"],
    ['code', file(header("__import__('os').abort()"), 8), 'has the header'],
    ['a number for a tuple', file(header("'<f4'", '(2)'), 8), 'has the header'],
    ['a negative length', file(header("'<f4'", '(-2,)'), 8), 'has the header'],
    ['a sum', file(header("'<f4'", '(1+1,)'), 8), 'has the header'],
    ['a length past all numbers', file(header("'<f4'", `(${'9'.repeat(400)},)`), 8), 'has the header'],
    ['another order', file(header("'<f4'", '(2,)', '0'), 8), 'has the header'],
    ['values in the wrong places', file(header('False', "'<f4'", '(2,)'), 8), 'has the header'],
    ['a name twice', file("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}", 8), 'has the header'],
    ['a fourth name', file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 8), 'has the header'],
    ['something behind the header', file(`${header("'<f4'")}; 1`, 8), 'has the header'],
  ])('refuses %s', (_case, bytes, message) => {
    expect(() => decodeNpy(bytes)).toThrow(MalformedWeights)
    expect(() => decodeNpy(bytes)).toThrow(message)
  })
})
