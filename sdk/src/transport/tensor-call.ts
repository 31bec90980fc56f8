import { type CallOptions, limitsOf } from './call-options.js'
import type { Channel } from './channel.js'
import type { RequestOf, ResponseOf } from './contract.js'
import type { TensorChunk__Output } from './generated/cowmask/v1/TensorChunk.js'
import { policies } from './policy.js'
import { type Tensor, chunksOf, collect } from './tensor.js'

type Answers = AsyncIterable<{ readonly chunk: TensorChunk__Output | null }>

type Exchange = 'Masks.Mix' | 'Masks.Erase' | 'Models.Predict'

/** Calls a method that answers tensors. */
export async function receiveTensors<M extends 'Masks.Generate' | 'Models.Export' | 'Splits.Export'>(
  channel: Channel,
  name: M,
  request: RequestOf<M>,
  options: CallOptions,
): Promise<Map<string, Tensor>> {
  const limits = limitsOf(options, policies[name].timeoutMs)
  return channel.repeat(name, limits, () => collect(channel.stream(name, request, limits) as Answers))
}

/** Calls a method that is sent its options, then any number of tensors; `read` takes what it answers. */
export async function sendTensors<
  M extends
    Exchange | 'Experiments.Import' | 'Experiments.Step' | 'Datasets.Import' | 'Splits.Import' | 'Splits.Inspect',
  T,
>(
  channel: Channel,
  name: M,
  first: RequestOf<M>,
  tensors: ReadonlyMap<string, Tensor>,
  read: (answers: AsyncIterable<ResponseOf<M>>) => Promise<T>,
  options: CallOptions,
): Promise<T> {
  const limits = limitsOf(options, policies[name].timeoutMs)
  function* requests(): Generator<RequestOf<M>> {
    yield first
    for (const [tensor, value] of tensors) for (const chunk of chunksOf(tensor, value)) yield { chunk }
  }
  return channel.repeat(name, limits, () => read(channel.duplex(name, requests(), limits)))
}

/** Calls a method that is sent its options, then images, and answers tensors. */
export async function exchangeTensors<M extends Exchange>(
  channel: Channel,
  name: M,
  first: RequestOf<M>,
  images: Tensor,
  options: CallOptions,
): Promise<Map<string, Tensor>> {
  const read = (answers: AsyncIterable<ResponseOf<M>>) => collect(answers as Answers)
  return sendTensors(channel, name, first, new Map([['images', images]]), read, options)
}
