import { boxMaskRequest, cowMaskRequest, eraseOptions, mixOptions } from './config/mask-requests.js'
import { parse } from './config/parse.js'
import { toMessage } from './config/to-message.js'
import type { BoxMaskRequest, CowMaskRequest, EraseOptions, MixOptions } from './config/types.js'
import { CowMaskError } from './errors.js'
import { type ImageBatch, checkImages } from './images.js'
import { BoxMaskBatch, CowMaskBatch, MaskBatch } from './mask-batch.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import { type Tensor, expectTensor } from './transport/tensor.js'
import { exchangeTensors, receiveTensors } from './transport/tensor-call.js'

type Data = Uint8Array | Float32Array

/** Images that were mixed with their neighbors in the batch. */
export interface MixResult<D extends Data = Data> {
  readonly images: ImageBatch<D>
  /** Share of each image that comes from its partner, the next image of the batch. */
  readonly blend: Float32Array
  /** 1 where a pixel comes from the partner. Absent for `ict`, which blends whole images. */
  readonly masks?: MaskBatch
}

/** Images of which a part was replaced by noise. */
export interface EraseResult<D extends Data = Data> {
  readonly images: ImageBatch<D>
  /** 1 where a pixel was kept. */
  readonly masks: MaskBatch
}

/** Draws masks, and mixes or erases images with them. The same options give the same pixels on every machine. */
export class Masks {
  constructor(private readonly channel: Channel) {}

  /**
   * Draws CowMasks: Gaussian noise, smoothed and thresholded (French, Oliver and Salimans 2020, section 3).
   *
   * @throws ConfigError before anything is drawn, when an option is wrong
   */
  async cow(options: CowMaskRequest, call: CallOptions = {}): Promise<CowMaskBatch> {
    const request = toMessage('GenerateRequest', { kind: 'cow', ...parse(cowMaskRequest, options) })
    const tensors = await receiveTensors(this.channel, 'Masks.Generate', request, call)
    return new CowMaskBatch(
      masksOf(tensors),
      expectTensor(tensors, 'proportion', Float32Array).data,
      expectTensor(tensors, 'sigma', Float32Array).data,
    )
  }

  /**
   * Draws box masks, as Cutout and CutMix use them.
   *
   * @throws ConfigError before anything is drawn, when an option is wrong
   */
  async box(options: BoxMaskRequest, call: CallOptions = {}): Promise<BoxMaskBatch> {
    const request = toMessage('GenerateRequest', { kind: 'box', ...parse(boxMaskRequest, options) })
    const tensors = await receiveTensors(this.channel, 'Masks.Generate', request, call)
    return new BoxMaskBatch(masksOf(tensors), expectTensor(tensors, 'boxes', Float32Array).data)
  }

  /**
   * Mixes every image with the next one of the batch, the last with the first. Pixels of `Uint8Array` images are chosen
   * exactly, or, by `ict`, blended and rounded.
   *
   * @throws ConfigError before anything is sent, when an option or the images are wrong
   */
  async mix<D extends Data>(
    { images, ...options }: MixOptions & { readonly images: ImageBatch<D> },
    call: CallOptions = {},
  ): Promise<MixResult<D>> {
    const message = toMessage('MixOptions', parse(mixOptions, options))
    checkImages(images)
    const tensors = await exchangeTensors(this.channel, 'Masks.Mix', { options: message }, images, call)
    const mixed = { images: imagesOf<D>(tensors, images), blend: expectTensor(tensors, 'blend', Float32Array).data }
    return tensors.has('masks') ? { ...mixed, masks: masksOf(tensors) } : mixed
  }

  /**
   * Replaces a part of every image by noise. `Uint8Array` images are scaled to -1..1 for the noise, and back.
   *
   * @throws ConfigError before anything is sent, when an option or the images are wrong
   */
  async erase<D extends Data>(
    { images, ...options }: EraseOptions & { readonly images: ImageBatch<D> },
    call: CallOptions = {},
  ): Promise<EraseResult<D>> {
    const message = toMessage('EraseOptions', parse(eraseOptions, options))
    checkImages(images)
    const tensors = await exchangeTensors(this.channel, 'Masks.Erase', { options: message }, images, call)
    return { images: imagesOf<D>(tensors, images), masks: masksOf(tensors) }
  }
}

function masksOf(tensors: ReadonlyMap<string, Tensor>): MaskBatch {
  const { data, shape } = expectTensor(tensors, 'masks', Uint8Array)
  const [count, height, width] = shape
  if (count === undefined || height === undefined || width === undefined)
    throw new CowMaskError('INTERNAL', `The worker's masks have the shape [${shape.join(', ')}].`)
  return new MaskBatch(data, count, height, width)
}

/** The answer has the type and shape of what was sent. */
function imagesOf<D extends Data>(tensors: ReadonlyMap<string, Tensor>, sent: ImageBatch<D>): ImageBatch<D> {
  const { data } =
    sent.data instanceof Float32Array
      ? expectTensor(tensors, 'images', Float32Array)
      : expectTensor(tensors, 'images', Uint8Array)
  return { data: data as Data as D, shape: sent.shape }
}
