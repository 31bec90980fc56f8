import fc from 'fast-check'

import type { Tensor } from '../../src/transport/tensor.js'

/** Tensors of every type and of up to four axes, so of one element, of a few or of none. */
const tensor: fc.Arbitrary<Tensor> = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
  const count = shape.reduce((size, length) => size * length, 1)
  const length = { minLength: count, maxLength: count }
  return fc
    .oneof(fc.float32Array(length), fc.int32Array(length), fc.uint8Array(length))
    .map((data) => ({ shape, data }))
})

/** Tensors by names that both formats take. */
export const tensors = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), tensor), { maxLength: 5 })
  .map((entries) => new Map(entries.map(([name, value]) => [`layer/${name.replaceAll(/[/\\\0]/g, '_')}x`, value])))
