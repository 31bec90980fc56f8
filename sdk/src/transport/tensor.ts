import { CowMaskError } from '../errors.js'
import type { ElementType, ElementType__Output } from './generated/cowmask/v1/ElementType.js'
import type { TensorChunk, TensorChunk__Output } from './generated/cowmask/v1/TensorChunk.js'

/** Most bytes of one chunk. */
export const CHUNK_BYTES = 1024 * 1024

type TypedData = Uint8Array | Int32Array | Float32Array

/** An array with a shape, in row-major order. Zeros and ones are held as one byte each. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: TypedData
}

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1)

// Both ends are little-endian: Node runs on nothing else, and the worker refuses to.
function bytesOf(data: TypedData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Cuts a tensor into the chunks that carry it, the first with the header. */
export function* chunksOf(name: string, { shape, data }: Tensor): Generator<TensorChunk> {
  const type: ElementType =
    data instanceof Float32Array
      ? 'ELEMENT_TYPE_FLOAT32'
      : data instanceof Int32Array
        ? 'ELEMENT_TYPE_INT32'
        : 'ELEMENT_TYPE_UINT8'
  const bytes = bytesOf(data)
  for (let at = 0; at === 0 || at < bytes.length; at += CHUNK_BYTES) {
    const part = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(CHUNK_BYTES, bytes.length - at))
    yield at === 0 ? { header: { name, type, shape: [...shape] }, data: part } : { data: part }
  }
}

interface Open {
  readonly name: string
  readonly type: ElementType__Output
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
  filled: number
}

/**
 * Puts the tensors of a call together again, in the order of arrival.
 *
 * @throws CowMaskError `INTERNAL` when the chunks don't add up to what their headers announce
 */
export async function collect(
  chunks: AsyncIterable<{ readonly chunk: TensorChunk__Output | null }>,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>()
  let open: Open | undefined
  const finish = () => {
    if (open && open.filled !== open.bytes.length) throw broken(open)
    if (open) tensors.set(open.name, decode(open))
  }
  for await (const { chunk } of chunks) {
    if (chunk?.header) {
      finish()
      const { name, type, shape } = chunk.header
      open = { name, type, shape, bytes: new Uint8Array(byteCount(type, product(shape))), filled: 0 }
    }
    if (!chunk || !open) throw new CowMaskError('INTERNAL', 'The worker sent a piece of a tensor before its header.')
    if (open.filled + chunk.data.length > open.bytes.length) throw broken(open)
    open.bytes.set(chunk.data, open.filled)
    open.filled += chunk.data.length
  }
  finish()
  return tensors
}

function broken({ name, bytes }: Open): CowMaskError {
  return new CowMaskError(
    'INTERNAL',
    `The worker announced ${String(bytes.length)} bytes of the tensor ${name} and sent another number.`,
  )
}

function byteCount(type: ElementType__Output, elements: number): number {
  if (type === 'ELEMENT_TYPE_BITS') return Math.ceil(elements / 8)
  return type === 'ELEMENT_TYPE_UINT8' ? elements : elements * 4
}

function decode({ type, shape, bytes }: Open): Tensor {
  switch (type) {
    case 'ELEMENT_TYPE_BITS':
      return { shape, data: unpackBits(bytes, product(shape)) }
    case 'ELEMENT_TYPE_FLOAT32':
      return { shape, data: new Float32Array(bytes.buffer) }
    case 'ELEMENT_TYPE_INT32':
      return { shape, data: new Int32Array(bytes.buffer) }
    case 'ELEMENT_TYPE_UINT8':
      return { shape, data: bytes }
    case 'ELEMENT_TYPE_UNSPECIFIED':
      throw new CowMaskError('INTERNAL', 'The worker sent a tensor without an element type.')
  }
}

// Four bits as four bytes of a little-endian word, the highest bit first.
const NIBBLES = Uint32Array.from({ length: 16 }, (_, nibble) =>
  [3, 2, 1, 0].reduce((word, bit, place) => word | (((nibble >> bit) & 1) << (8 * place)), 0),
)

/** One byte of 0 or 1 for every bit, the first element being the highest bit of the first byte. */
export function unpackBits(bytes: Uint8Array, count: number): Uint8Array {
  const used = Math.ceil(count / 8)
  const words = new Uint32Array(2 * used)
  for (let at = 0; at < used; at += 1) {
    const byte = bytes[at] ?? 0
    words[2 * at] = NIBBLES[byte >> 4] ?? 0
    words[2 * at + 1] = NIBBLES[byte & 15] ?? 0
  }
  return new Uint8Array(words.buffer, 0, count)
}

/**
 * A tensor that the contract promises.
 *
 * @throws CowMaskError `INTERNAL` when it is missing or of another type
 */
export function expectTensor<T extends TypedData>(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  type: new (...parameters: never[]) => T,
): { readonly shape: readonly number[]; readonly data: T } {
  const tensor = tensors.get(name)
  if (tensor && tensor.data instanceof type) return { shape: tensor.shape, data: tensor.data }
  throw new CowMaskError('INTERNAL', `The worker's answer has no tensor ${name} of type ${type.name}.`)
}
