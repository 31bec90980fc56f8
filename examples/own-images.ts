// Trains on a folder of image files and ends with a predictor. The folder is one of yours, or one that is written here
// from handwritten digits: 10 labeled images a class, about 100 without a label, the rest to test with.
//
//   npm run example -- examples/own-images.ts [--folder DIR] [--steps 900] [--out .]
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { type Picture, launch, readPng, writePng } from 'cowmask'

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    steps: { type: 'string', default: '900' },
    out: { type: 'string', default: '.' },
  },
})

const folder = values.folder ?? (await writeDigits(await mkdtemp(join(tmpdir(), 'digits-'))))

await using cowmask = await launch({ dataRoots: { images: folder } })

const dataset = await cowmask.datasets.import('own-images', folder, { replace: true })
console.log(`${dataset.description}; ${dataset.test} images to test with`)
for (const note of dataset.notes) console.log(`- ${note}`)

const run = await cowmask.experiments.start({
  dataset: { name: dataset.name },
  model: { name: 'wide_resnet', depth: 10, width: 1, dropout: 0 },
  mix: { kind: 'cowmix', weight: 30, confidence: { threshold: 0.6, average: true } },
  // Digits mean something else in a mirror. Leave it out for photographs.
  augmentation: { horizontalFlip: false },
  optimizer: { learningRate: 0.2, l2: 5e-4 },
  schedule: { kind: 'cosine', halfLength: 1 },
  batchSize: 64,
  steps: Number(values.steps),
})
const { teacher } = await run.result()
console.log(`${run.id}: the teacher answers ${(teacher.error * 100).toFixed(1)} % of the test images wrongly`)

// What it thinks of the images without a label, and the model itself as a file.
const predictions = cowmask.models.predictFiles({ run: run.id, source: join(folder, 'unlabeled') })
await predictions.writeCsv(join(values.out, 'predictions.csv'))
const model = await cowmask.models.export({ run: run.id })
await model.write(join(values.out, 'model.safetensors'))
console.log(`predictions.csv and model.safetensors are in ${values.out}`)

/** Cuts the sheet of digits into files, as somebody's own folder would have them. */
async function writeDigits(root: string): Promise<string> {
  const sheet = await readPng(fileURLToPath(new URL('images/digits.png', import.meta.url)))
  const edge = sheet.height / 10
  for (let label = 0; label < 10; label += 1) {
    const folders = {
      labeled: join(root, 'labeled', String(label)),
      unlabeled: join(root, 'unlabeled'),
      test: join(root, 'test', String(label)),
    }
    for (const each of Object.values(folders)) await mkdir(each, { recursive: true })
    for (let column = 0; column < sheet.width / edge; column += 1) {
      const digit = cut(sheet, label * edge, column * edge, edge)
      if (digit.data.every((value) => value === 0)) break
      const part = column < 10 ? folders.labeled : column < 110 ? folders.unlabeled : folders.test
      await writePng(join(part, `${label}-${String(column).padStart(3, '0')}.png`), digit)
    }
  }
  return root
}

function cut({ width, data }: Picture, top: number, left: number, edge: number): Picture {
  const rows = Array.from({ length: edge }, (_, row) => (top + row) * width + left)
  const pixels = rows.flatMap((start) => [...data.subarray(start, start + edge)])
  return { height: edge, width: edge, channels: 1, data: Uint8Array.from(pixels) }
}
