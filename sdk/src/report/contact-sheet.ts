import { type Color, type Picture, enlarged } from './picture.js'

export interface ContactSheetOptions {
  /** Every pixel becomes a square of this many. Default: what makes a picture about 64 pixels high, at least 1. */
  readonly scale?: number
  /** Pixels between two pictures and around all. Default 4. */
  readonly gap?: number
  /** Color between the pictures. Default white. */
  readonly background?: Color
}

/** Most pixels of a sheet. */
const MOST_PIXELS = 2 ** 27

/**
 * Rows of pictures on one sheet, in RGB.
 *
 * @throws TypeError if there is no picture, if their sizes differ, or if the sheet would have over 2^27 pixels
 */
export function contactSheet(rows: readonly (readonly Picture[])[], options: ContactSheetOptions = {}): Picture {
  const all = rows.flat()
  const first = all[0]
  if (first === undefined) throw new TypeError('A contact sheet needs at least one picture.')
  if (all.some(({ height, width }) => height !== first.height || width !== first.width))
    throw new TypeError('The pictures of a contact sheet have one size.')

  const { scale = Math.max(1, Math.round(64 / first.height)), gap = 4, background = [255, 255, 255] } = options
  const columns = Math.max(...rows.map((row) => row.length))
  const height = gap + rows.length * (first.height * scale + gap)
  const width = gap + columns * (first.width * scale + gap)
  if (height * width > MOST_PIXELS)
    throw new TypeError(
      `${String(all.length)} pictures would make a sheet of ${String(height)}x${String(width)} pixels; show fewer, or with a smaller scale.`,
    )
  const sheet: Picture = { height, width, channels: 3, data: new Uint8Array(height * width * 3) }
  for (let pixel = 0; pixel < height * width; pixel += 1) sheet.data.set(background, pixel * 3)
  rows.forEach((row, rowIndex) => {
    row.forEach((picture, column) => {
      const top = gap + rowIndex * (first.height * scale + gap)
      const left = gap + column * (first.width * scale + gap)
      paste(sheet, enlarged(picture, scale), top, left)
    })
  })
  return sheet
}

function paste(sheet: Picture, picture: Picture, top: number, left: number): void {
  for (let y = 0; y < picture.height; y += 1)
    for (let x = 0; x < picture.width; x += 1) {
      const from = (y * picture.width + x) * picture.channels
      const to = ((top + y) * sheet.width + left + x) * 3
      for (let channel = 0; channel < 3; channel += 1)
        sheet.data[to + channel] = picture.data[from + (picture.channels === 3 ? channel : 0)] ?? 0
    }
}
