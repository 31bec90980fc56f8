import type { Tensor } from '../transport/tensor.js'

/** Elements of an array of this shape, stored with the first index running fastest (as Fortran does), in row-major order. */
export function rowMajor(data: Tensor['data'], shape: readonly number[]): Tensor['data'] {
  const sorted = data.slice()
  // The distance of neighbors along each axis, in the order in which they are stored.
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((size, length) => size * length, 1))
  const place = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < sorted.length; to += 1) {
    sorted[to] = data[from] ?? 0
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const stride = strides[axis] ?? 0
      const next = (place[axis] ?? 0) + 1
      if (next < (shape[axis] ?? 0)) {
        place[axis] = next
        from += stride
        break
      }
      place[axis] = 0
      from -= stride * (next - 1)
    }
  }
  return sorted
}
