import { checkTensorElements } from './config/parse.js'
import { ConfigError } from './errors.js'

/** A batch of images, row-major: `data[((image * height + row) * width + column) * channels + channel]`. */
export interface ImageBatch<Data extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  readonly data: Data
  /** Count, height, width, channels. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number]
}

/**
 * Refuses what is no batch of images, before anything is sent.
 *
 * @param option what the images are called where they are blamed
 * @throws ConfigError
 */
export function checkImages(images: ImageBatch, option = 'images'): void {
  // A script in plain JavaScript may pass anything.
  const { data, shape } = Object(images) as { data?: unknown; shape?: unknown }
  const wrong = (field: string, reason: string) => new ConfigError([{ path: `${option}.${field}`, reason }])
  if (!(data instanceof Uint8Array) && !(data instanceof Float32Array))
    throw wrong('data', 'must be a Uint8Array or a Float32Array.')
  if (
    !Array.isArray(shape) ||
    shape.length !== 4 ||
    !shape.every((length: number) => Number.isInteger(length) && length > 0)
  )
    throw wrong('shape', 'must be [count, height, width, channels], four whole numbers above 0.')
  const [count, height, width, channels] = images.shape
  checkTensorElements(`${option}.shape`, count, height, width * channels)
  const elements = count * height * width * channels
  if (data.length !== elements)
    throw wrong(
      'data',
      `must have ${String(elements)} elements for the shape [${shape.join(', ')}], but has ${String(data.length)}.`,
    )
}
