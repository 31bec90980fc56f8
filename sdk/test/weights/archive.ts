import { crc32 } from 'node:zlib'

/** One member of an archive, whose fields may say what isn't so. */
export interface Member {
  readonly name: string | Buffer
  /** As it lies in the archive. */
  readonly body: Uint8Array
  readonly localName?: string
  readonly method?: number
  readonly flags?: number
  readonly size?: number
  readonly crc?: number
  readonly offset?: number
}

const words = (...fields: [bytes: 2 | 4, value: number][]): Buffer =>
  Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes)
      if (bytes === 2) field.writeUInt16LE(value)
      else field.writeUInt32LE(value)
      return field
    }),
  )

/** A zip archive, made from its specification alone. */
export function archive(
  members: readonly Member[],
  { count = members.length, comment = '', disk = 0 }: { count?: number; comment?: string; disk?: number } = {},
): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const member of members) {
    const { body, method = 0, flags = 0, size = body.length, crc = crc32(body), offset = at } = member
    const name = Buffer.from(member.name)
    const localName = Buffer.from(member.localName ?? name)
    const facts: [2 | 4, number][] = [
      [2, flags],
      [2, method],
      [4, 0x00210000],
      [4, crc],
      [4, body.length],
      [4, size],
    ]
    const local = [words([4, 0x04034b50], [2, 20], ...facts, [2, localName.length], [2, 0]), localName, body]
    locals.push(Buffer.concat(local))
    entries.push(
      words([4, 0x02014b50], [2, 20], [2, 20], ...facts, [2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0]),
      words([4, offset]),
      name,
    )
    at += locals.at(-1)?.length ?? 0
  }
  const directory = Buffer.concat(entries)
  const end = words([4, 0x06054b50], [2, disk], [2, disk], [2, count], [2, count], [4, directory.length], [4, at])
  return Buffer.concat([...locals, directory, end, words([2, comment.length]), Buffer.from(comment)])
}
