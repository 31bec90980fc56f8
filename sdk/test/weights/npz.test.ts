import { writeFile } from 'node:fs/promises'
import { crc32, deflateRawSync } from 'node:zlib'

import { readWeights } from 'cowmask'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ConfigError } from '../../src/errors.js'
import type { Tensor } from '../../src/transport/tensor.js'
import { MalformedWeights } from '../../src/weights/malformed.js'
import { encodeNpy } from '../../src/weights/npy.js'
import { decodeNpz, encodeNpz } from '../../src/weights/npz.js'
import { Temporary } from '../worker/temporary.js'
import { tensors } from './arbitrary.js'
import { archive } from './archive.js'
import { PLAIN, plain } from './plain.js'
import { python } from './python.js'

const small = new Map<string, Tensor>([
  ['block/kernel', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['steps', { shape: [], data: Int32Array.of(-7) }],
  ['mask', { shape: [300], data: new Uint8Array(300).fill(1) }],
])

const npy = encodeNpy({ shape: [2], data: Float32Array.of(1, 2) })
const member = (name: string | Buffer) => ({ name, body: npy })

describe('npz', () => {
  it('gives back all tensors that it was made from', () => {
    fc.assert(
      fc.property(tensors, (made) => {
        expect(decodeNpz(encodeNpz(made))).toEqual(made)
      }),
      { numRuns: 200 },
    )
  })

  it('holds the same bytes whenever it is made', () => {
    expect(encodeNpz(small)).toEqual(encodeNpz(new Map(small)))
    expect(Buffer.from(encodeNpz(small)).readUInt32LE(10)).toBe(0x00210000)
  })

  it('reads what numpy wrote, compressed or not, of every type and order', async () => {
    await using here = await Temporary.make()
    const said = await python(
      `${PLAIN}
numbers = np.array([[0.0, -1.5], [1 / 3, 6e-8], [65504.0, -1e-3]])
cube = np.arange(24).reshape(2, 3, 4)
arrays = {
    "f8": numbers, "f4": numbers.astype("f4"), "f2": numbers.astype("f2"), "i8": np.array([2**31 - 1, -(2**31), 0]),
    "i4": cube.astype("i4"), "u1": np.arange(256).astype("u1"), "b1": np.array([True, False]),
    "fortran": np.asfortranarray(cube), "fortran matrix": np.asfortranarray(numbers), "scalar": np.array(2.5, "f4"),
    "empty": np.zeros((2, 0, 3), "f4", order="F"), "a/b/ü": np.ones(1, "f4"), "large": np.zeros(100_000, "f4"),
}
np.savez(f"{sys.argv[1]}/stored.npz", **arrays)
np.savez_compressed(f"{sys.argv[1]}/deflated.npz", **arrays)
print(plain(arrays))`,
      here.folder,
    )
    expect(plain(await readWeights(here.path('stored.npz')))).toEqual(said)
    expect(plain(await readWeights(here.path('deflated.npz')))).toEqual(said)
  })

  it('reads every 16-bit float as numpy does', async () => {
    await using here = await Temporary.make()
    await python(
      `import sys, numpy as np
half = np.arange(65536).astype("u2").view("f2")
np.savez(sys.argv[1], half=half, single=half.astype("f4"))
print(0)`,
      here.path('halves.npz'),
    )
    const read = await readWeights(here.path('halves.npz'))
    const [half, single] = ['half', 'single'].map((name) => read.get(name)?.data ?? [])
    expect(half?.length).toBe(65536)
    expect(half?.findIndex((value, index) => !Object.is(value, single?.[index]))).toBe(-1)
  })

  it('says the same to numpy', async () => {
    await using here = await Temporary.make()
    const path = here.path('ours.npz')
    await writeFile(path, encodeNpz(small))
    const read = `${PLAIN}
print(plain(dict(np.load(sys.argv[1], allow_pickle=False))))`
    expect(await python(read, path)).toEqual(plain(small))
  })

  it('never unpickles', async () => {
    await using here = await Temporary.make()
    const path = here.path('objects.npz')
    await python('import sys, numpy as np; np.savez(sys.argv[1], a=np.array([{}, None])); print(0)', path)
    await expect(readWeights(path)).rejects.toThrow(
      /objects\.npz' can't be read as a \.npz file: "a" has the element type "\|O": Python objects, stored as a pickle/,
    )
  })

  it('is read with a comment at its end, and with no member', () => {
    expect([...decodeNpz(archive([member('a.npy')], { comment: 'made by hand' })).keys()]).toEqual(['a'])
    expect(decodeNpz(archive([]))).toEqual(new Map())
  })

  it.each([
    ['../a.npy', "no part that is '', '.' or '..'"],
    ['a/../b.npy', "no part that is '', '.' or '..'"],
    ['./a.npy', "no part that is '', '.' or '..'"],
    ['..npy', "no part that is '', '.' or '..'"],
    ['/etc/a.npy', "no part that is '', '.' or '..'"],
    ['a//b.npy', "no part that is '', '.' or '..'"],
    ['.npy', "no part that is '', '.' or '..'"],
    ['a\\b.npy', 'no backslash and no NUL'],
    ['a\0.npy', 'no backslash and no NUL'],
    ['a/', 'must end in .npy'],
    ['archive/data.pkl', 'must end in .npy'],
    ['a.NPY', 'must end in .npy'],
  ])('refuses a member named %j', (name, message) => {
    expect(() => decodeNpz(archive([member('good.npy'), member(name)]))).toThrow(MalformedWeights)
    expect(() => decodeNpz(archive([member(name)]))).toThrow(message)
  })

  it.each([
    ['no archive', Buffer.from('weights'), 'no directory stands at the end; expected a zip archive'],
    ['a name twice', archive([member('a.npy'), member('a.npy')]), 'two members "a.npy"'],
    ['a name that is no UTF-8', archive([member(Buffer.from([255, 46]))]), 'expected names in UTF-8'],
    ['another name in the member', archive([{ ...member('a.npy'), localName: 'b.npy' }]), 'no whole "a.npy" at byte 0'],
    ['a member elsewhere', archive([{ ...member('a.npy'), offset: 7 }]), 'no whole "a.npy" at byte 7'],
    ['a member behind the end', archive([{ ...member('a.npy'), offset: 1e9 }]), 'no whole "a.npy" at byte 1000000000'],
    ['a password', archive([{ ...member('a.npy'), flags: 1 }]), '"a.npy" is encrypted'],
    ['another compression', archive([{ ...member('a.npy'), method: 14 }]), 'compressed by method 14; expected 0'],
    [
      'a wrong checksum',
      archive([{ ...member('a.npy'), crc: 5 }]),
      `"a.npy" has the checksum ${crc32(npy)}; expected 5`,
    ],
    [
      'a stored size too small',
      archive([{ ...member('a.npy'), size: 9 }]),
      '"a.npy" goes on after 9 bytes; expected the 9',
    ],
    ['a stored size too large', archive([{ ...member('a.npy'), size: 999 }]), '"a.npy" ends after 136 bytes'],
    [
      'no deflated data',
      archive([{ name: 'a.npy', body: Buffer.alloc(9, 255), method: 8 }]),
      `"a.npy" can't be inflated (`,
    ],
    [
      'nothing to inflate',
      archive([{ name: 'a.npy', body: Buffer.alloc(0), size: 5, method: 8 }]),
      'ends after 0 bytes',
    ],
    [
      'fewer members than announced',
      archive([member('a.npy')], { count: 2 }),
      'ends after 1 of 2 members; expected all',
    ],
    ['more members than announced', archive([member('a.npy')], { count: 0 }), 'goes on after 0 members'],
    ['one of several parts', archive([member('a.npy')], { disk: 1 }), 'one of several parts'],
    ['zip64', archive([{ ...member('a.npy'), size: 0xffffffff }]), '"a.npy" is written as zip64'],
    ['zip64 as a whole', archive([member('a.npy')], { count: 0xffff }), 'the archive is written as zip64'],
    [
      'a member that is no array',
      archive([{ name: 'a.npy', body: Buffer.from('hello!') }]),
      '"a" begins with "hello!"',
    ],
  ])('refuses %s', (_case, bytes, message) => {
    expect(() => decodeNpz(bytes)).toThrow(MalformedWeights)
    expect(() => decodeNpz(bytes)).toThrow(message)
  })

  it('refuses a bomb by what its directory says, before anything is inflated', () => {
    const bomb = { body: deflateRawSync(Buffer.alloc(1000)), method: 8, size: 2 ** 29 + 1 }
    const bytes = archive([
      { ...bomb, name: 'a.npy' },
      { ...bomb, name: 'b.npy' },
    ])
    expect(() => decodeNpz(bytes)).toThrow('announces 1073741826 bytes of arrays; expected at most 1073741824')
    expect(() => decodeNpz(encodeNpz(small), { maxBytes: 100 })).toThrow('expected at most 100')
  })

  it.each([
    ['deflated', deflateRawSync(Buffer.alloc(5_000_000))],
    ['in blocks of stored bytes', deflateRawSync(Buffer.alloc(200_000), { level: 0 })],
  ])('refuses a bomb whose directory lies, %s', (_case, body) => {
    const bytes = archive([{ name: 'a.npy', body, method: 8, size: 1000, crc: 0 }])
    expect(() => decodeNpz(bytes, { maxBytes: 1000 })).toThrow('"a.npy" goes on after 1000 bytes')
  })

  it('refuses deflated data that ends early', () => {
    const body = deflateRawSync(npy)
    const bytes = archive([{ name: 'a.npy', body, method: 8, size: npy.length + 1, crc: crc32(npy) }])
    expect(() => decodeNpz(bytes)).toThrow(`"a.npy" ends after ${npy.length} bytes`)
  })

  it('refuses what was cut off, anywhere', () => {
    const bytes = encodeNpz(small)
    for (let length = 0; length < bytes.length; length += 97)
      expect(() => decodeNpz(bytes.subarray(0, length)), `${length} bytes`).toThrow(MalformedWeights)
  })

  it('either reads or refuses a damaged file, and never gives other numbers', () => {
    const deflated = archive(
      Array.from(small, ([name, tensor]) => {
        const body = encodeNpy(tensor)
        return { name: `${name}.npy`, body: deflateRawSync(body), method: 8, size: body.length, crc: crc32(body) }
      }),
    )
    const damage = (length: number) =>
      fc.array(fc.tuple(fc.nat(length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
    for (const good of [encodeNpz(small), deflated])
      fc.assert(
        fc.property(damage(good.length), (changes) => {
          const bytes = Uint8Array.from(good)
          for (const [at, value] of changes) bytes[at] = value
          try {
            const read = decodeNpz(bytes)
            for (const [name, tensor] of read) if (small.has(name)) expect(tensor).toEqual(small.get(name))
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedWeights)
          }
        }),
        { numRuns: 500 },
      )
  })

  it.each([
    ['..', "no part that is '', '.' or '..'"],
    ['', "no part that is '', '.' or '..'"],
    ['/a', "no part that is '', '.' or '..'"],
    ['a\\b', 'no backslash and no NUL'],
    ['\udc00', 'well-formed Unicode'],
    ['a'.repeat(65_535), 'at most 65535 bytes'],
  ])('does not write a name that is wrong %#', (name, message) => {
    const write = () => encodeNpz(new Map([[name, { shape: [0], data: new Uint8Array(0) }]]))
    expect(write).toThrow(ConfigError)
    expect(write).toThrow(message)
  })

  it('does not write more arrays than it reads', () => {
    const none: Tensor = { shape: [0], data: new Uint8Array(0) }
    const many = new Map(Array.from({ length: 65_535 }, (_, index) => [`a${index}`, none]))
    expect(() => encodeNpz(many)).toThrow('a .safetensors file holds more')
  })
})
