import { crc32 } from 'node:zlib'

import { inflateSync } from 'fflate'

import { MalformedWeights, shown } from './malformed.js'

// fflate inflates, and writes archives. Its reader of archives checks neither sums nor sizes, and keeps the last of two
// members of one name; so the directory is read here.

/** One file of a zip archive, as the archive's directory describes it. */
export interface ZipMember {
  readonly name: string
  /** Bytes once inflated. */
  readonly size: number
  /** What lies in the archive. */
  readonly stored: Uint8Array
  readonly deflated: boolean
  readonly crc: number
}

const END = { signature: 0x06054b50, bytes: 22 }
const ENTRY = { signature: 0x02014b50, bytes: 46 }
const LOCAL = { signature: 0x04034b50, bytes: 30 }

const ENCRYPTED = 1
const STORED = 0
const DEFLATED = 8

/** In a field of 32 bits: the number stands elsewhere, because it is larger (zip64). */
const ELSEWHERE = 0xffffffff

/**
 * Lists an archive's members. Nothing is inflated.
 *
 * @throws MalformedWeights when the directory is damaged, or asks for what is not done here: zip64, encryption, other
 *   compression than deflate
 */
export function listZip(bytes: Uint8Array): ZipMember[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { count, start, end } = directoryOf(file)
  const members: ZipMember[] = []
  let at = start
  for (let index = 0; index < count; index += 1) {
    const size = at + ENTRY.bytes <= end ? entryBytes(file, at) : 0
    if (size === 0 || at + size > end)
      throw new MalformedWeights(`the archive's directory ends after ${index} of ${count} members`, 'all of them')
    members.push(memberAt(file, at, start))
    at += size
  }
  if (at !== end)
    throw new MalformedWeights(`the archive's directory goes on after ${count} members`, 'no more than it announces')
  return members
}

/**
 * The bytes of one member. No more memory is taken than its announced size, whatever the archive holds.
 *
 * @throws MalformedWeights unless size and checksum are as announced
 */
export function extract({ name, size, stored, deflated, crc }: ZipMember): Uint8Array {
  // Of no data at all, fflate would make as many zeros as there is room for.
  const body = deflated && stored.length > 0 ? inflate(name, stored, size) : stored
  if (body.length !== size)
    throw new MalformedWeights(
      `${shown(name)} ${body.length > size ? 'goes on' : 'ends'} after ${Math.min(body.length, size)} bytes`,
      `the ${size} that are announced`,
    )
  const found = crc32(body)
  if (found !== crc)
    throw new MalformedWeights(`${shown(name)} has the checksum ${found}`, `${crc}, so it was damaged or changed`)
  return body
}

/** One byte more than announced, if there are more. */
function inflate(name: string, stored: Uint8Array, size: number): Uint8Array {
  const room = new Uint8Array(size + 1)
  try {
    return inflateSync(stored, { out: room })
  } catch (error) {
    // A block that is stored as it is doesn't fit into what is left of the room.
    if (error instanceof RangeError) return room
    throw new MalformedWeights(
      `${shown(name)} can't be inflated (${error instanceof Error ? error.message : ''})`,
      'deflated data',
    )
  }
}

function directoryOf(file: Buffer): { count: number; start: number; end: number } {
  const at = endRecord(file)
  if (at === undefined)
    throw new MalformedWeights('no directory stands at the end', 'a zip archive, so this is none or was cut off')
  const [disk, directoryDisk, here, count] = [4, 6, 8, 10].map((field) => file.readUInt16LE(at + field))
  const size = file.readUInt32LE(at + 12)
  const start = file.readUInt32LE(at + 16)
  if (start === ELSEWHERE || size === ELSEWHERE || count === 0xffff) throw zip64('the archive')
  if (disk !== 0 || directoryDisk !== 0 || here !== count)
    throw new MalformedWeights('the archive is one of several parts', 'one whole archive')
  if (start + size > at)
    throw new MalformedWeights(
      `the archive's directory has the bytes ${start} to ${start + size}`,
      `an end at or before byte ${at}, where the archive's last record begins`,
    )
  return { count: count ?? 0, start, end: start + size }
}

/** Where the last record begins: only a comment may follow, the length of which it gives. */
function endRecord(file: Buffer): number | undefined {
  const last = file.length - END.bytes
  for (let at = last; at >= Math.max(0, last - 0xffff); at -= 1)
    if (file.readUInt32LE(at) === END.signature && file.readUInt16LE(at + 20) === last - at) return at
  return undefined
}

function entryBytes(file: Buffer, at: number): number {
  if (file.readUInt32LE(at) !== ENTRY.signature)
    throw new MalformedWeights(`no entry stands at byte ${at} of the archive's directory`, 'one for every member')
  return ENTRY.bytes + [28, 30, 32].reduce((sum, field) => sum + file.readUInt16LE(at + field), 0)
}

function memberAt(file: Buffer, at: number, directory: number): ZipMember {
  const rawName = file.subarray(at + ENTRY.bytes, at + ENTRY.bytes + file.readUInt16LE(at + 28))
  const name = nameOf(rawName)
  const method = file.readUInt16LE(at + 10)
  const [storedSize, size, offset] = [20, 24, 42].map((field) => file.readUInt32LE(at + field)) as [
    number,
    number,
    number,
  ]
  if ([storedSize, size, offset].includes(ELSEWHERE)) throw zip64(shown(name))
  if ((file.readUInt16LE(at + 8) & ENCRYPTED) !== 0)
    throw new MalformedWeights(`${shown(name)} is encrypted`, 'an archive without a password')
  if (method !== STORED && method !== DEFLATED)
    throw new MalformedWeights(
      `${shown(name)} is compressed by method ${method}`,
      `${STORED} (stored) or ${DEFLATED} (deflated)`,
    )
  const begin = offset + LOCAL.bytes <= directory ? dataOffset(file, offset, rawName) : undefined
  if (begin === undefined || begin + storedSize > directory)
    throw new MalformedWeights(
      `the archive has no whole ${shown(name)} at byte ${offset}`,
      `${storedSize} bytes of it before the directory, which begins at byte ${directory}`,
    )
  const stored = file.subarray(begin, begin + storedSize)
  return { name, size, stored, deflated: method === DEFLATED, crc: file.readUInt32LE(at + 16) }
}

/** Where the member's data begins, if a member of this name is there: its own record and the directory must agree. */
function dataOffset(file: Buffer, offset: number, name: Buffer): number | undefined {
  if (file.readUInt32LE(offset) !== LOCAL.signature) return undefined
  const nameEnd = offset + LOCAL.bytes + file.readUInt16LE(offset + 26)
  const agrees = file.subarray(offset + LOCAL.bytes, nameEnd).equals(name)
  return agrees ? nameEnd + file.readUInt16LE(offset + 28) : undefined
}

function nameOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new MalformedWeights(`a member is named ${shown(bytes.toString('latin1'))}`, 'names in UTF-8')
  }
}

function zip64(what: string): MalformedWeights {
  return new MalformedWeights(`${what} is written as zip64, for 4 GiB or 65,535 members and more`, 'less than that')
}
