// Takes weights that another program has made into a run, uses them, and writes them out again. Without a file it trains a
// small network for a moment and lets its weights go out under the names of the authors' code and come back in.
//
//   npm run example -- examples/import-weights.ts [--out .]
//   npm run example -- examples/import-weights.ts weights.npz --network wrn26_6_shakeshake --dataset cifar10 [--out .]
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { type CowMask, type ExperimentConfig, batchOf, launch, networks, presets, readPng, readWeights } from 'cowmask'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    network: { type: 'string', default: 'wrn26_6_shakeshake' },
    dataset: { type: 'string', default: 'cifar10' },
    out: { type: 'string', default: '.' },
  },
})

await using cowmask = await launch()

const [file] = positionals
if (file === undefined) await thereAndBack(cowmask)
else await importFile(cowmask, file)

/** The run has a checkpoint like any other: it predicts, is exported, and trains on when it is resumed. */
async function importFile(cowmask: CowMask, path: string): Promise<void> {
  if (!Object.hasOwn(networks, values.network))
    throw new Error(`There is no network ${values.network}; there are ${Object.keys(networks).join(', ')}.`)
  const config = {
    dataset: { name: values.dataset },
    model: networks[values.network as keyof typeof networks],
  } as ExperimentConfig
  const run = await cowmask.experiments.import(config, await readWeights(path), { names: 'reference' })
  const [checkpoint] = await cowmask.models.checkpoints(run.id)
  console.log(`${run.id} holds the weights of step ${String(checkpoint?.step)}, digest ${String(checkpoint?.digest)}`)
  const ours = join(values.out, 'weights.safetensors')
  await (await cowmask.models.export({ run: run.id })).write(ours)
  console.log(`${ours}  the teacher under our names`)
}

async function thereAndBack(cowmask: CowMask): Promise<void> {
  const config = { ...presets.digits_40, steps: 60, schedule: { kind: 'constant' } } as const
  const trained = await cowmask.experiments.start(config)
  await trained.result()

  const theirs = join(values.out, 'weights.npz')
  const exported = await cowmask.models.export({ run: trained.id, names: 'reference' })
  await exported.write(theirs)
  const [name] = exported.tensors.keys()
  console.log(`${theirs}  ${String(exported.tensors.size)} arrays, such as ${String(name)}`)

  const imported = await cowmask.experiments.import(config, await readWeights(theirs), { names: 'reference' })
  const paths = [3, 5].map((label) => fileURLToPath(new URL(`images/digit-${String(label)}.png`, import.meta.url)))
  const images = batchOf(await Promise.all(paths.map((path) => readPng(path))))
  const [before, after] = await Promise.all(
    [trained, imported].map((run) => cowmask.models.predict({ run: run.id, images })),
  )
  const same = before?.probabilities.every((probability, at) => probability === after?.probabilities[at])
  console.log(`${imported.id} gives ${same ? 'the same' : 'other'} answers: ${String(after?.labels.join(', '))}`)
}
