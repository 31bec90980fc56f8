import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodePng, encodePng, readPng, writeMasks, writePng } from '../../src/report/png.js'

const GREY = 0
const RGB = 2
const PALETTE = 3
const GREY_ALPHA = 4
const RGB_ALPHA = 6

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), body])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(body.length, 0)
  named.copy(framed, 4)
  framed.writeUInt32BE(crc32(named), named.length + 4)
  return framed
}

/** A PNG file of one row, made from its specification alone. */
function onePixelRow(width: number, depth: number, color: number, row: number[], palette: number[] = []): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(1, 4)
  header.set([depth, color, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    ...(palette.length === 0 ? [] : [chunk('PLTE', Buffer.from(palette))]),
    chunk('IDAT', deflateSync(Buffer.from([0, ...row]))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const images = fc
  .record({
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    channels: fc.constantFrom(1, 3),
  })
  .chain(({ height, width, channels }) =>
    fc
      .uint8Array({ minLength: height * width * channels, maxLength: height * width * channels })
      .map((data) => ({ height, width, channels, data })),
  )

describe('PNG', () => {
  it('gives back every picture that it was made from', () => {
    fc.assert(
      fc.property(images, (image) => {
        const back = decodePng(encodePng(image))
        expect({ ...back, data: [...back.data] }).toEqual({ ...image, data: [...image.data] })
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['1 bit', onePixelRow(5, 1, GREY, [0b10110_000]), 1, [255, 0, 255, 255, 0]],
    ['2 bits', onePixelRow(4, 2, GREY, [0b00_01_10_11]), 1, [0, 85, 170, 255]],
    ['4 bits', onePixelRow(3, 4, GREY, [0x0f, 0x80]), 1, [0, 255, 136]],
    ['16 bits', onePixelRow(2, 16, GREY, [0xff, 0xff, 0x80, 0x00]), 1, [255, 128]],
    ['RGB', onePixelRow(2, 8, RGB, [1, 2, 3, 4, 5, 6]), 3, [1, 2, 3, 4, 5, 6]],
    ['a palette', onePixelRow(2, 8, PALETTE, [1, 0], [9, 8, 7, 250, 251, 252]), 3, [250, 251, 252, 9, 8, 7]],
    [
      'a palette of 1 bit',
      onePixelRow(2, 1, PALETTE, [0b10_000000], [9, 8, 7, 250, 251, 252]),
      3,
      [250, 251, 252, 9, 8, 7],
    ],
    ['grey on glass', onePixelRow(3, 8, GREY_ALPHA, [0, 255, 0, 0, 0, 51]), 1, [0, 255, 204]],
    ['RGB on glass', onePixelRow(1, 8, RGB_ALPHA, [255, 0, 0, 51]), 3, [255, 204, 204]],
  ] as const)('reads %s', (_kind, bytes, channels, data) => {
    const image = decodePng(bytes)
    expect({ channels: image.channels, data: [...image.data] }).toEqual({ channels, data })
  })

  it('shows masks on one sheet, ones white', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cowmask-png-'))
    try {
      const path = join(folder, 'masks.png')
      await writeMasks(path, {
        count: 3,
        height: 64,
        width: 64,
        data: new Uint8Array(3 * 64 * 64).fill(1, 0, 2 * 64 * 64),
      })
      const { height, width, data } = await readPng(path)
      expect([height, width]).toEqual([140, 140])
      const red = (y: number, x: number) => data[(y * width + x) * 3]
      expect([red(36, 36), red(36, 104), red(104, 36), red(104, 104)]).toEqual([255, 255, 0, 96])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('names the file that it cannot read, and why', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cowmask-png-'))
    try {
      const good = join(folder, 'good.png')
      await writePng(good, { height: 1, width: 1, channels: 1, data: Uint8Array.of(7) })
      expect([...(await readPng(good)).data]).toEqual([7])

      const damaged = join(folder, 'damaged.png')
      const bytes = onePixelRow(2, 8, RGB, [1, 2, 3, 4, 5, 6])
      bytes[20] = 9
      await writeFile(damaged, bytes)
      await expect(readPng(damaged)).rejects.toThrow(/damaged\.png can't be read as a PNG: .*CRC/i)

      await expect(readPng(join(folder, 'absent.png'))).rejects.toThrow('ENOENT')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
