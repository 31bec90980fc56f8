import { writeFile } from 'node:fs/promises'

import type { Tensor } from './transport/tensor.js'

/** Writes tensors as one safetensors file, readable from any language without running code. */
export async function writeSafetensors(path: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> = {}
  let offset = 0
  for (const [name, { data, shape }] of tensors) {
    const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'U8'
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = Buffer.from(JSON.stringify(header))
  // The data begins at a multiple of eight bytes; spaces fill the header up.
  const padding = Buffer.alloc((8 - (text.length % 8)) % 8, ' ')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length + padding.length))
  const bodies = [...tensors.values()].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  await writeFile(path, Buffer.concat([length, text, padding, ...bodies]))
}
