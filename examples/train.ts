// Draws CowMasks, trains a small network on 40 labeled digits, watches it learn, and asks it about pictures.
//
//   npm run example -- examples/train.ts [--steps 600] [--out .]
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { batchOf, launch, readPng } from 'cowmask'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '600' }, out: { type: 'string', default: '.' } },
})

await using cowmask = await launch()
const masks = await cowmask.masks.cow({
  count: 16,
  height: 64,
  width: 64,
  sigma: [4, 16],
  proportion: [0.2, 0.8],
  seed: 7,
})
await masks.writePng(join(values.out, 'masks.png'))

const run = await cowmask.experiments.start({
  dataset: { name: 'digits', labeled: 40, seed: 1 },
  model: { name: 'wide_resnet', depth: 10, width: 1 },
  mix: { kind: 'cowmix', weight: 30 },
  steps: Number(values.steps),
})
console.log(run.id)
for await (const event of run.events()) {
  if (event.type === 'metrics') console.log(event.step, event.loss, event.mixLoss)
}
const { teacher, student } = await run.result()
console.log(`test error: teacher ${teacher.error}, student ${student.error}`)

// Ten digits that the network has never seen, from 0 to 9.
const paths = Array.from({ length: 10 }, (_, label) => new URL(`images/digit-${label}.png`, import.meta.url))
const images = batchOf(await Promise.all(paths.map((path) => readPng(fileURLToPath(path)))))
const { labels, probabilities, classes } = await cowmask.models.predict({ run: run.id, weights: 'teacher', images })
labels.forEach((label, index) => {
  const probability = probabilities[index * classes + label] ?? 0
  console.log(`digit ${index} is taken for ${label}, probability ${probability.toFixed(3)}`)
})
