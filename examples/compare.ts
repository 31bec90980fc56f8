// Trains two experiments that differ in one option, and draws their curves: does CowMix beat CutMix on 40 digits?
//
//   npm run example -- examples/compare.ts [--steps 600] [--out .]
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { type Curve, type ExperimentConfig, launch, lineChart, presets } from 'cowmask'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '600' }, out: { type: 'string', default: '.' } },
})

const base = { ...presets.digits_40, steps: Number(values.steps) }
const experiments: Record<string, ExperimentConfig> = {
  CowMix: base,
  CutMix: { ...base, mix: { kind: 'cutmix', weight: base.mix.weight } },
}

await using cowmask = await launch()

// Both are queued at once; the worker trains them one after the other.
const runs = await Promise.all(
  Object.entries(experiments).map(async ([name, config]) => ({ name, run: await cowmask.experiments.start(config) })),
)
const curves: Curve[] = []
for (const { name, run } of runs) {
  const points: [step: number, error: number][] = []
  for await (const event of run.events()) {
    if (event.type === 'evaluation') points.push([event.step, event.teacher.error])
  }
  const { teacher } = await run.result()
  console.log(`${name}: ${(teacher.error * 100).toFixed(1)} % of the test images wrong`)
  curves.push({ name, points })
}

// Two runs say something of each other where both learned from the same labels.
const [first, second] = runs
if (first && second)
  for (const difference of await cowmask.splits.compare(first.run, second.run))
    console.log(`The runs have different splits. ${difference}`)

const path = join(values.out, 'compare.svg')
const title = `Handwritten digits, ${base.dataset.labeled} labels`
await writeFile(path, await lineChart({ title, xTitle: 'step', yTitle: "teacher's test error", percent: true, curves }))
console.log(path)
