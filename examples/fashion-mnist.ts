// Trains the same small network on Fashion-MNIST with 100 labels twice, on the labels alone and with CowMix, for several
// seeds, and tells the test errors. The images have to be prepared once: npx cowmask data prepare fashion_mnist
//
//   npm run example -- examples/fashion-mnist.ts [--steps 1200] [--seeds 2]
import { parseArgs } from 'node:util'

import { type ExperimentConfig, launch } from 'cowmask'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '1200' }, seeds: { type: 'string', default: '2' } },
})

const base = {
  dataset: { name: 'fashion_mnist', labeled: 100 },
  model: { name: 'wide_resnet', depth: 10, width: 1, dropout: 0 },
  optimizer: { learningRate: 0.2, l2: 5e-4 },
  schedule: {
    kind: 'stepped',
    boundaries: [
      [0.6, 0.2],
      [0.85, 0.04],
    ],
  },
  teacher: { alpha: 0.97 },
  batchSize: 64,
  steps: Number(values.steps),
  evaluateEvery: Number(values.steps),
} as const satisfies ExperimentConfig

const ways: Record<string, ExperimentConfig['mix']> = {
  'labels alone': { kind: 'none' },
  CowMix: { kind: 'cowmix', weight: 30, confidence: { threshold: 0.6, average: true } },
}

await using cowmask = await launch()

for (let seed = 0; seed < Number(values.seeds); seed += 1) {
  // The seed chooses the labels, too: both ways have the same ones.
  const dataset = { ...base.dataset, seed }
  for (const [way, mix] of Object.entries(ways)) {
    const run = await cowmask.experiments.start({ ...base, dataset, mix, seed })
    const { teacher, student } = await run.result()
    const percent = (error: number) => `${(error * 100).toFixed(2)} %`
    console.log(`seed ${seed}, ${way}: teacher ${percent(teacher.error)}, student ${percent(student.error)} wrong`)
  }
}
