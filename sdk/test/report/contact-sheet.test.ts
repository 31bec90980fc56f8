import { describe, expect, it } from 'vitest'

import { contactSheet } from '../../src/report/contact-sheet.js'
import type { Picture } from '../../src/report/picture.js'
import { decodePng, encodePng } from '../../src/report/png.js'

const checker: Picture = { height: 2, width: 2, channels: 1, data: Uint8Array.of(10, 20, 30, 40) }
const red: Picture = {
  height: 2,
  width: 2,
  channels: 3,
  data: Uint8Array.from([255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0]),
}

const pixel = ({ width, data }: Picture, y: number, x: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]

describe('a contact sheet', () => {
  const options = { scale: 3, gap: 1, background: [0, 0, 255] } as const
  const sheet = decodePng(encodePng(contactSheet([[checker, red], [checker]], options)))

  it('has room for every row and column, and a gap around each', () => {
    expect([sheet.height, sheet.width, sheet.channels]).toEqual([1 + 2 * 7, 1 + 2 * 7, 3])
  })

  it('shows every pixel as a square, unsmoothed', () => {
    const square = (top: number, left: number) =>
      new Set([0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => pixel(sheet, top + y, left + x).join())))
    expect([square(1, 1), square(1, 4), square(4, 1), square(4, 4)]).toEqual([
      new Set(['10,10,10']),
      new Set(['20,20,20']),
      new Set(['30,30,30']),
      new Set(['40,40,40']),
    ])
    expect(square(1, 8)).toEqual(new Set(['255,0,0']))
  })

  it('shows the background between pictures and where a row is shorter', () => {
    for (const [y, x] of [
      [0, 0],
      [3, 7],
      [7, 3],
      [10, 10],
      [14, 14],
    ] as const)
      expect(pixel(sheet, y, x), `${y}, ${x}`).toEqual([0, 0, 255])
  })

  it('enlarges small pictures to about 64 pixels, and leaves large ones', () => {
    const blank = (size: number): Picture => ({
      height: size,
      width: size,
      channels: 1,
      data: new Uint8Array(size * size),
    })
    expect(contactSheet([[blank(8)]], { gap: 0 }).height).toBe(64)
    expect(contactSheet([[blank(300)]], { gap: 0 }).height).toBe(300)
  })

  it('takes pictures of one size, at least one', () => {
    expect(() => contactSheet([[checker], [{ ...checker, height: 1 }]])).toThrow('one size')
    expect(() => contactSheet([[]])).toThrow('at least one')
  })

  it('grows no larger than memory allows', () => {
    expect(() => contactSheet([[checker]], { scale: 10_000 })).toThrow('20008x20008')
  })
})
