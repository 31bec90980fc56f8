// Writes the pictures that the examples use: of each class, the first test image of the handwritten digits; and all
// digits in one picture, a row a class, what is black all over being none.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'

const server = fileURLToPath(new URL('../../server-py', import.meta.url))

const program = `
import base64, json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from cowmask_worker.data.digits import load
images = load()
first = {int(label): index for index, label in reversed(list(enumerate(images.test_labels)))}
picked = [images.test_images[first[label]] for label in sorted(first)]
height, width, _ = picked[0].shape
data = [base64.b64encode(image.tobytes()).decode() for image in picked]
pixels = np.concatenate([images.train_images, images.test_images])[..., 0]
labels = np.concatenate([images.train_labels, images.test_labels])
columns = int(np.bincount(labels).max())
sheet = np.zeros((len(first), height, columns, width), np.uint8)
for label in first:
    row = pixels[labels == label]
    sheet[label, :, : len(row)] = row.swapaxes(0, 1)
whole = {"height": len(first) * height, "width": columns * width, "data": base64.b64encode(sheet.tobytes()).decode()}
print(json.dumps({"height": height, "width": width, "data": data, "sheet": whole}))
`

/** Writes `<out>/digit-0.png` to `<out>/digit-9.png` and `<out>/digits.png`, read with the worker environment's interpreter `python`. */
export async function generateDigits(python, out) {
  const { encodePng } = await tsImport('../../sdk/src/report/png.ts', import.meta.url)
  const made = execFileSync(python, ['-I', '-c', program, server], { encoding: 'utf8' })
  const { height, width, data, sheet } = JSON.parse(made)
  mkdirSync(out, { recursive: true })
  const write = (name, size, text) => {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'))
    writeFileSync(join(out, name), encodePng({ ...size, channels: 1, data: bytes }))
  }
  data.forEach((text, label) => write(`digit-${label}.png`, { height, width }, text))
  write('digits.png', { height: sheet.height, width: sheet.width }, sheet.data)
}
