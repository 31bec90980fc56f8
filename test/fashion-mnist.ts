import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const CLASSES = 10
const PIXELS = 28 * 28

/** Images of each part of Fashion-MNIST. */
export const FASHION_COUNTS = { train: 60_000, t10k: 10_000 }

/** Fashion-MNIST as its makers publish it, but for what is on the pictures: every class has a gray of its own. */
export async function writeFashionMnist(folder: string): Promise<void> {
  for (const [part, count] of Object.entries(FASHION_COUNTS)) {
    const labels = Uint8Array.from({ length: count }, (_, at) => at % CLASSES)
    const images = new Uint8Array(count * PIXELS)
    labels.forEach((label, at) => images.fill(20 * label, at * PIXELS, (at + 1) * PIXELS))
    const header = (...words: number[]) => Buffer.from(Uint32Array.from(words).buffer).swap32()
    const pictures = Buffer.concat([header(0x803, count, 28, 28), images])
    await writeFile(join(folder, `${part}-images-idx3-ubyte`), pictures)
    await writeFile(join(folder, `${part}-labels-idx1-ubyte`), Buffer.concat([header(0x801, count), labels]))
  }
}
