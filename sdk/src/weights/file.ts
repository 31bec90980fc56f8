import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'

import { ConfigError } from '../errors.js'
import type { Tensor } from '../transport/tensor.js'
import { MalformedWeights } from './malformed.js'
import { decodeNpz, encodeNpz } from './npz.js'
import { decodeSafetensors, encodeSafetensors } from './safetensors.js'
import { writeAside } from './write-aside.js'

/** Texts by name. */
type Metadata = Readonly<Record<string, string>>

interface Format {
  readonly encode: (tensors: ReadonlyMap<string, Tensor>, metadata?: Metadata) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Map<string, Tensor>
}

const FORMATS = new Map<string, Format>([
  ['.safetensors', { encode: encodeSafetensors, decode: decodeSafetensors }],
  ['.npz', { encode: encodeNpz, decode: decodeNpz }],
])

/** Extensions of files that Python programs read by running what is in them, or that only Python makes sense of. */
const PYTHON_ONLY = ['.pkl', '.pickle', '.pt', '.pth', '.ckpt', '.msgpack']

/**
 * Reads a weights file by its extension, `.safetensors` or `.npz`: arrays by name. 64-bit and 16-bit floats and truth
 * values become one of a tensor's three types, as do 64-bit integers that fit. Nothing is ever unpickled.
 *
 * @throws ConfigError at `path` when the file can't be read: what was found, and what was expected
 */
export async function readWeights(path: string): Promise<ReadonlyMap<string, Tensor>> {
  const { decode } = formatOf(path)
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw refused(`'${path}' can't be read: ${messageOf(cause)}`, cause)
  })
  try {
    return decode(bytes)
  } catch (cause) {
    if (!(cause instanceof MalformedWeights)) throw cause
    throw refused(`'${path}' can't be read as a ${extension(path)} file: ${cause.message}.`, cause)
  }
}

/**
 * Writes tensors as a weights file by its extension, `.safetensors` or `.npz`: whole, or not at all. An `.npz` file has no
 * place for metadata.
 *
 * @throws ConfigError at `path` when there can be no such file, at `tensors` when it can't hold them
 */
export async function writeWeights(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Metadata,
): Promise<void> {
  await write(path, formatOf(path).encode(tensors, metadata))
}

/**
 * Writes tensors as a safetensors file of any name: whole, or not at all.
 *
 * @throws ConfigError as `writeWeights` does
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Metadata,
): Promise<void> {
  await write(path, encodeSafetensors(tensors, metadata))
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await writeAside(path, bytes).catch((cause: unknown) => {
    throw refused(`'${path}' can't be written: ${messageOf(cause)}`, cause)
  })
}

function formatOf(path: string): Format {
  // A script in plain JavaScript may pass anything.
  if (typeof (path as unknown) !== 'string') throw refused('must be the path of a file.')
  const given = extension(path)
  const format = FORMATS.get(given)
  if (format !== undefined) return format
  const allowed = `must end in ${[...FORMATS.keys()].join(' or ')}, but is '${path}'`
  if (!PYTHON_ONLY.includes(given)) throw refused(`${allowed}.`)
  throw refused(
    `${allowed}. A ${given} file is never unpickled here, because that can run code. Load it in Python, if you trust ` +
      `it, and write its arrays: numpy.savez('weights.npz', **{name: numpy.asarray(array) for name, array in ` +
      `arrays.items()}).`,
  )
}

const extension = (path: string): string => extname(path).toLowerCase()

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

function refused(reason: string, cause?: unknown): ConfigError {
  return new ConfigError([{ path: 'path', reason }], { cause })
}
