// Writes the pictures that the examples show: of each class, the first test image of the handwritten digits.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'

const server = fileURLToPath(new URL('../../server-py', import.meta.url))

const program = `
import base64, json, sys
sys.path.insert(0, sys.argv[1])
from cowmask_worker.data.digits import load
images = load()
first = {int(label): index for index, label in reversed(list(enumerate(images.test_labels)))}
picked = [images.test_images[first[label]] for label in sorted(first)]
height, width, _ = picked[0].shape
data = [base64.b64encode(image.tobytes()).decode() for image in picked]
print(json.dumps({"height": height, "width": width, "data": data}))
`

/** Writes `<out>/digit-0.png` to `<out>/digit-9.png`, read with the worker environment's interpreter `python`. */
export async function generateDigits(python, out) {
  const { encodePng } = await tsImport('../../sdk/src/report/png.ts', import.meta.url)
  const { height, width, data } = JSON.parse(execFileSync(python, ['-I', '-c', program, server], { encoding: 'utf8' }))
  mkdirSync(out, { recursive: true })
  data.forEach((text, label) => {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'))
    writeFileSync(join(out, `digit-${label}.png`), encodePng({ height, width, channels: 1, data: bytes }))
  })
}
