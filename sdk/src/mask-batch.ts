import { ConfigError } from './errors.js'
import { writeMasks } from './report/png.js'

/** A batch of masks of one size. */
export class MaskBatch {
  constructor(
    /** Zeros and ones, one byte each: `data[(mask * height + row) * width + column]`. */
    readonly data: Uint8Array,
    readonly count: number,
    readonly height: number,
    readonly width: number,
  ) {}

  /** Share of ones of each mask, 0..1. */
  get share(): Float32Array {
    const share = new Float32Array(this.count)
    for (let index = 0; index < this.count; index += 1) {
      let ones = 0
      for (const pixel of this.mask(index)) ones += pixel
      share[index] = ones / (this.height * this.width)
    }
    return share
  }

  /**
   * One mask as `height` rows of `width` pixels; a view of `data`, not a copy.
   *
   * @throws ConfigError unless `index` is one of 0..count-1
   */
  mask(index: number): Uint8Array {
    if (!Number.isInteger(index) || index < 0 || index >= this.count)
      throw new ConfigError([
        {
          path: 'index',
          reason: `must be a whole number from 0 to ${String(this.count - 1)}, but is ${String(index)}.`,
        },
      ])
    const pixels = this.height * this.width
    return this.data.subarray(index * pixels, (index + 1) * pixels)
  }

  /** Writes all masks, ones white, into one PNG. */
  async writePng(path: string): Promise<void> {
    await writeMasks(path, this)
  }
}

/** CowMasks, with what was drawn for each. */
export class CowMaskBatch extends MaskBatch {
  constructor(
    masks: MaskBatch,
    /** Expected share of ones of each mask. */
    readonly proportion: Float32Array,
    /** Scale of each mask's blobs in pixels. */
    readonly sigma: Float32Array,
  ) {
    super(masks.data, masks.count, masks.height, masks.width)
  }
}

/** Box masks: 0 inside the box, 1 outside. */
export class BoxMaskBatch extends MaskBatch {
  constructor(
    masks: MaskBatch,
    /** Four numbers a mask: top, left, bottom, right, in pixels. */
    readonly boxes: Float32Array,
  ) {
    super(masks.data, masks.count, masks.height, masks.width)
  }
}
