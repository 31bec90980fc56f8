/** An 8-bit picture, row by row, channels last: 1 is grey, 3 is RGB. */
export interface Picture {
  readonly height: number
  readonly width: number
  readonly channels: 1 | 3
  /** `height * width * channels` bytes. */
  readonly data: Uint8Array
}

/** A color, each part 0..255. */
export type Color = readonly [red: number, green: number, blue: number]

type BatchShape = readonly [count: number, height: number, width: number, channels: number]

/**
 * The pictures of a batch of images.
 *
 * @throws TypeError unless it is bytes in the shape `[count, height, width, 1 or 3]`
 */
export function picturesOf({ shape, data }: { readonly shape: BatchShape; readonly data: unknown }): Picture[] {
  const [count, height, width, channels] = shape
  if (!(data instanceof Uint8Array) || (channels !== 1 && channels !== 3))
    throw new TypeError(`Pictures are bytes in the shape [count, height, width, 1 or 3], not [${shape.join(', ')}].`)
  const size = height * width * channels
  return Array.from({ length: count }, (_, index) => ({
    height,
    width,
    channels,
    data: data.subarray(index * size, (index + 1) * size),
  }))
}

/** Masks of one size: zeros and ones, a byte each. */
export interface Masks {
  readonly count: number
  readonly height: number
  readonly width: number
  readonly data: Uint8Array
}

/** Masks as pictures: ones are white. */
export function maskPictures({ count, height, width, data }: Masks): Picture[] {
  const size = height * width
  return Array.from({ length: count }, (_, index) => ({
    height,
    width,
    channels: 1,
    data: data.subarray(index * size, (index + 1) * size).map((bit) => bit * 255),
  }))
}

/**
 * Pictures of one size as a batch of images. Grey ones become RGB where others have colors.
 *
 * @throws TypeError if there is none, or if their sizes differ
 */
export function batchOf(pictures: readonly Picture[]): { readonly shape: BatchShape; readonly data: Uint8Array } {
  const [first] = pictures
  if (first === undefined) throw new TypeError('A batch needs at least one picture.')
  const { height, width } = first
  const channels = pictures.some((picture) => picture.channels === 3) ? 3 : 1
  const size = height * width * channels
  const data = new Uint8Array(pictures.length * size)
  pictures.forEach((picture, index) => {
    if (picture.height !== height || picture.width !== width)
      throw new TypeError(
        `The pictures of a batch have one size: the first is ${sizeText(first)}, the one at place ${String(index)} ${sizeText(picture)}.`,
      )
    data.set((channels === 3 ? tinted(picture, [255, 255, 255]) : picture).data, index * size)
  })
  return { shape: [pictures.length, height, width, channels], data }
}

/** A grey picture in shades of a color, or of `other` where the mask is white. One in color stays as it is. */
export function tinted(picture: Picture, color: Color, mask?: Picture, other: Color = color): Picture {
  if (picture.channels === 3) return picture
  const data = new Uint8Array(picture.data.length * 3)
  picture.data.forEach((value, pixel) => {
    const shade = (mask?.data[pixel] ?? 0) > 127 ? other : color
    data.set(
      shade.map((part) => (part * value) / 255),
      pixel * 3,
    )
  })
  return { ...picture, channels: 3, data }
}

/** Every pixel becomes a square of `scale` x `scale`: small pictures stay what they are, unsmoothed. */
export function enlarged(picture: Picture, scale: number): Picture {
  const { channels } = picture
  const height = picture.height * scale
  const width = picture.width * scale
  const data = new Uint8Array(height * width * channels)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const from = (Math.floor(y / scale) * picture.width + Math.floor(x / scale)) * channels
      data.set(picture.data.subarray(from, from + channels), (y * width + x) * channels)
    }
  return { height, width, channels, data }
}

function sizeText({ height, width }: Picture): string {
  return `${String(height)}x${String(width)}`
}
