import { zipSync } from 'fflate'

import { ConfigError } from '../errors.js'
import type { Tensor } from '../transport/tensor.js'
import { checkTensors, unicodeFault } from './check-tensors.js'
import { MalformedWeights, about, shown } from './malformed.js'
import { decodeNpy, encodeNpy } from './npy.js'
import { extract, listZip } from './zip.js'

/** Most bytes of all arrays of one archive: a zip of a few kilobytes may claim to hold any number. */
const MAX_BYTES = 2 ** 30

/** Most arrays of one archive, and most bytes of a name: fields of 16 bits. */
const MAX_FIELD = 0xffff

const SUFFIX = '.npy'

// A zip archive tells when its members were changed. The same tensors are to give the same bytes, so all say 1980, the
// first year that it knows; local time, because that is what it tells.
const CHANGED = new Date(1980, 0, 1)

/** Limits of reading. */
export interface NpzOptions {
  /** Most bytes of all arrays together, once inflated. Default: 1 GiB. */
  readonly maxBytes?: number
}

/**
 * Tensors as the bytes of a `.npz` file, a zip archive of `.npy` files, uncompressed as `numpy.savez` writes it.
 *
 * @throws ConfigError when a tensor or its name can't stand in one, or when they have more bytes than are read again
 */
export function encodeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  checkTensors(tensors, (name) => unicodeFault(name) ?? nameFault(`${name}${SUFFIX}`))
  const members = Array.from(tensors, ([name, tensor]) => [`${name}${SUFFIX}`, encodeNpy(tensor)] as const)
  const size = members.reduce((sum, [, bytes]) => sum + bytes.length, 0)
  if (size > MAX_BYTES || members.length >= MAX_FIELD)
    throw new ConfigError([
      {
        path: 'tensors',
        reason:
          `must be fewer than ${MAX_FIELD} of at most ${MAX_BYTES} bytes for a .npz file, but are ${members.length} ` +
          `of ${size} bytes; a .safetensors file holds more.`,
      },
    ])
  return zipSync(Object.fromEntries(members), { level: 0, mtime: CHANGED })
}

/**
 * Reads the bytes of a `.npz` file, arrays in the order of the archive. `decodeNpy` says what becomes of each type.
 *
 * @throws MalformedWeights
 */
export function decodeNpz(bytes: Uint8Array, { maxBytes = MAX_BYTES }: NpzOptions = {}): Map<string, Tensor> {
  const members = listZip(bytes)
  const names = new Set<string>()
  for (const { name } of members) {
    const fault = nameFault(name)
    if (fault !== undefined)
      throw new MalformedWeights(`the archive has a member ${shown(name)}`, `a name that ${fault}`)
    if (names.has(name)) throw new MalformedWeights(`the archive has two members ${shown(name)}`, 'every name once')
    names.add(name)
  }
  const size = members.reduce((sum, member) => sum + member.size, 0)
  if (size > maxBytes)
    throw new MalformedWeights(`the archive announces ${size} bytes of arrays`, `at most ${maxBytes}`)
  return new Map(
    members.map((member) => {
      const name = member.name.slice(0, -SUFFIX.length)
      const body = extract(member)
      return [name, about(name, () => decodeNpy(body))]
    }),
  )
}

/** What is wrong with a member's name. Nothing is unpacked here, but others may unpack what was written here. */
function nameFault(name: string): string | undefined {
  const parts = name.slice(0, -SUFFIX.length).split('/')
  if (!name.endsWith(SUFFIX)) return 'must end in .npy.'
  if (/[\\\0]/.test(name)) return 'must have no backslash and no NUL in it.'
  if (parts.some((part) => ['', '.', '..'].includes(part))) return "must have no part that is '', '.' or '..'."
  return Buffer.byteLength(name) > MAX_FIELD ? `must have at most ${MAX_FIELD} bytes with its .npy.` : undefined
}
