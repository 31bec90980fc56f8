import { readFile, writeFile } from 'node:fs/promises'

import { convertIndexedToRgb, decode, encode } from 'fast-png'

import { contactSheet } from './contact-sheet.js'
import { type Masks, type Picture, maskPictures } from './picture.js'

/** A picture as a PNG file's bytes. */
export function encodePng({ height, width, channels, data }: Picture): Uint8Array {
  return encode({ height, width, channels, data, depth: 8 })
}

/**
 * Reads a PNG of any kind as 8 bits: 16 bits are rounded, palettes looked up, what is transparent shows white.
 *
 * @throws {Error} if it is no PNG, or a damaged one.
 */
export function decodePng(bytes: Uint8Array): Picture {
  const decoded = decode(bytes, { checkCrc: true })
  const { height, width, depth } = decoded
  const looked = decoded.palette === undefined ? decoded.data : convertIndexedToRgb(decoded)
  const total = looked.length / (height * width)
  if (decoded.palette === undefined && depth < 8)
    return grey(height, width, unpacked(decoded.data, height, width, depth))

  const scale = depth === 16 ? 257 : 1
  const hasAlpha = total === 2 || total === 4
  const channels = total >= 3 ? 3 : 1
  const data = new Uint8Array(height * width * channels)
  for (let pixel = 0; pixel < height * width; pixel += 1) {
    const alpha = hasAlpha ? (looked[pixel * total + total - 1] ?? 0) / scale / 255 : 1
    for (let channel = 0; channel < channels; channel += 1) {
      const value = (looked[pixel * total + channel] ?? 0) / scale
      data[pixel * channels + channel] = Math.round(value * alpha + 255 * (1 - alpha))
    }
  }
  return { height, width, channels, data }
}

/** Reads a PNG file, as `decodePng` does. */
export async function readPng(path: string): Promise<Picture> {
  const bytes = await readFile(path)
  try {
    return decodePng(bytes)
  } catch (cause) {
    throw new Error(`${path} can't be read as a PNG: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/** Writes a picture as a PNG file. */
export async function writePng(path: string, image: Picture): Promise<void> {
  await writeFile(path, encodePng(image))
}

/** Writes all masks into one PNG file, as near to a square as they get. Ones are white. */
export async function writeMasks(path: string, masks: Masks): Promise<void> {
  const pictures = maskPictures(masks)
  const columns = Math.ceil(Math.sqrt(pictures.length))
  const rows = Array.from({ length: Math.ceil(pictures.length / columns) }, (_, row) =>
    pictures.slice(row * columns, (row + 1) * columns),
  )
  await writePng(path, contactSheet(rows, { background: [96, 128, 192] }))
}

function grey(height: number, width: number, data: Uint8Array): Picture {
  return { height, width, channels: 1, data }
}

/** Pixels of 1, 2 or 4 bits, every row beginning at a byte, spread over 0..255. */
function unpacked(packed: ArrayLike<number>, height: number, width: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8)
  const highest = 2 ** depth - 1
  return Uint8Array.from({ length: height * width }, (_, pixel) => {
    const bit = (pixel % width) * depth
    const byte = packed[Math.floor(pixel / width) * rowBytes + Math.floor(bit / 8)] ?? 0
    return (((byte >> (8 - depth - (bit % 8))) & highest) * 255) / highest
  })
}
