import { describe, expect, it } from 'vitest'

import { batchOf, type Picture, picturesOf, maskPictures, tinted } from '../../src/report/picture.js'

const grey = (...data: number[]): Picture => ({
  height: 1,
  width: data.length,
  channels: 1,
  data: Uint8Array.from(data),
})
const bytes = (image: Picture) => [...image.data]

describe('batches', () => {
  it('fall apart into their pictures', () => {
    const batch = { shape: [2, 1, 2, 3] as const, data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) }
    const [first, second] = picturesOf(batch)
    expect(first).toMatchObject({ height: 1, width: 2, channels: 3 })
    expect(second && bytes(second)).toEqual([7, 8, 9, 10, 11, 12])
  })

  it('are refused with their shape where they are no pictures', () => {
    expect(() => picturesOf({ shape: [1, 1, 1, 2], data: new Uint8Array(2) })).toThrow('[1, 1, 1, 2]')
    expect(() => picturesOf({ shape: [1, 1, 1, 1], data: new Float32Array(1) })).toThrow('bytes')
  })

  it('of masks show ones white', () => {
    expect(maskPictures({ count: 2, height: 1, width: 2, data: Uint8Array.of(0, 1, 1, 0) }).map(bytes)).toEqual([
      [0, 255],
      [255, 0],
    ])
  })

  it('are made of pictures of one size, in color if one is', () => {
    expect(batchOf([grey(1, 2), grey(3, 4)])).toEqual({ shape: [2, 1, 2, 1], data: Uint8Array.of(1, 2, 3, 4) })
    const red: Picture = { height: 1, width: 1, channels: 3, data: Uint8Array.of(255, 0, 0) }
    expect(batchOf([grey(9), red])).toEqual({ shape: [2, 1, 1, 3], data: Uint8Array.of(9, 9, 9, 255, 0, 0) })
    expect(() => batchOf([grey(1), grey(1, 2)])).toThrow('the first is 1x1, the one at place 1 1x2')
    expect(() => batchOf([])).toThrow('at least one')
  })
})

describe('tinted', () => {
  it('shades a color by brightness, and another one where the mask is white', () => {
    const picture = grey(0, 51, 255)
    expect(bytes(tinted(picture, [255, 100, 0]))).toEqual([0, 0, 0, 51, 20, 0, 255, 100, 0])
    expect(bytes(tinted(picture, [255, 0, 0], grey(0, 255, 255), [0, 0, 255]))).toEqual([0, 0, 0, 0, 0, 51, 0, 0, 255])
  })
})
