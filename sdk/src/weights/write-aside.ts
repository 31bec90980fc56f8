import { randomUUID } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Writes a file whole or not at all: under another name in the same folder, flushed, then renamed over what was there.
 *
 * @throws the file system's error, or that of the content; nothing has changed then
 */
export async function writeAside(path: string, content: Uint8Array | AsyncIterable<string>): Promise<void> {
  const aside = join(dirname(path), `.cowmask-${randomUUID()}.tmp`)
  try {
    const file = await open(aside, 'wx')
    try {
      await writeFile(file, content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}
