import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { message } from '../../src/transport/contract.js'
import type { TensorChunk__Output } from '../../src/transport/generated/cowmask/v1/TensorChunk.js'
import { CHUNK_BYTES, type Tensor, chunksOf, collect, unpackBits } from '../../src/transport/tensor.js'

/** Over the wire's bytes and back, so that buffers lie where the decoder puts them. */
async function* travel(...tensors: [string, Tensor][]) {
  const type = message<TensorChunk__Output>('TensorChunk')
  for (const [name, tensor] of tensors)
    for (const chunk of chunksOf(name, tensor))
      yield await Promise.resolve({ chunk: type.deserialize(type.serialize(chunk)) })
}

async function* from(...chunks: object[]) {
  for (const chunk of chunks) yield await Promise.resolve({ chunk: chunk as TensorChunk__Output })
}

describe('a tensor', () => {
  test('arrives as it was sent, whatever its type and size', async () => {
    const data = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.float32Array({ maxLength: 50, noNaN: true }),
      fc.int32Array({ maxLength: 50 }),
    )
    await fc.assert(
      fc.asyncProperty(data, data, async (first, second) => {
        const sent: [string, Tensor][] = [
          ['first', { data: first, shape: [first.length] }],
          ['second', { data: second, shape: [1, second.length] }],
        ]
        expect([...(await collect(travel(...sent)))]).toEqual(sent)
      }),
    )
  })

  test('that is a view into a larger buffer sends its own part', async () => {
    const whole = Float32Array.from({ length: 10 }, (_, index) => index)
    const received = await collect(travel(['part', { data: whole.subarray(3, 5), shape: [2] }]))
    expect(received.get('part')?.data).toEqual(Float32Array.of(3, 4))
  })

  test('is cut into chunks of at most 1 MiB, the first with the header', () => {
    const chunks = [...chunksOf('images', { data: new Uint8Array(2 * CHUNK_BYTES + 1), shape: [2 * CHUNK_BYTES + 1] })]
    expect(chunks.map(({ data }) => data?.length)).toEqual([CHUNK_BYTES, CHUNK_BYTES, 1])
    expect(chunks.map(({ header }) => header?.name)).toEqual(['images', undefined, undefined])
  })

  test('of bits unpacks the highest bit first', () => {
    expect([...unpackBits(Uint8Array.of(0b1010_0000, 0b1000_0000), 9)]).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 1])
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const digits = [...every].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    expect(unpackBits(every, 2048).join('')).toBe(digits)
  })

  const header = { name: 'x', type: 'ELEMENT_TYPE_UINT8', shape: [3] }
  test.each([
    ['too few bytes', [{ header, data: Buffer.alloc(2) }]],
    ['too many bytes', [{ header, data: Buffer.alloc(2) }, { data: Buffer.alloc(2) }]],
    ['no header', [{ data: Buffer.alloc(1) }]],
    [
      'another header before its end',
      [
        { header, data: Buffer.alloc(1) },
        { header, data: Buffer.alloc(3) },
      ],
    ],
    ['no type', [{ header: { ...header, type: 'ELEMENT_TYPE_UNSPECIFIED' }, data: Buffer.alloc(12) }]],
  ])('with %s is refused', async (_, chunks) => {
    await expect(collect(from(...chunks))).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
