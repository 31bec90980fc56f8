// Compares masks, erased and mixed images, and one training step of WRN-28-2 with what the authors' code computed, all
// through the SDK, so that the wire is inside the comparison. The recorded numbers are those of test/parity.
//
//   npm run example -- examples/parity.ts
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { type ImageBatch, type Tensor, launch, readWeights } from 'cowmask'
import { leavesOf, stepConfig, stepInput } from './parity/recorded-step.js'

const vectors = new URL('../test/parity/', import.meta.url)
const recorded = (name: string) => readWeights(fileURLToPath(new URL(name, vectors)))

/** What the manifest says of the files used here. */
interface Manifest {
  readonly files: {
    readonly 'masks_cow.npz': { readonly cases: Readonly<Record<string, CowCase>> }
    readonly 'regularizers.npz': {
      readonly cases: Readonly<Record<string, RegularizerCase>>
      readonly inputs: { readonly seeds: readonly number[] }
    }
  }
}

interface CowCase {
  readonly n: number
  readonly height: number
  readonly width: number
  readonly sigma_range: readonly [number, number]
  readonly proportion_range: readonly [number, number]
  readonly seeds: readonly number[]
}

interface RegularizerCase {
  readonly option: string
  readonly input: string
  readonly cow_sigma_range: readonly [number, number]
  readonly cow_prop_range: readonly [number, number]
  readonly cut_backg_noise?: number
  readonly cut_prob?: number
}

const manifest = JSON.parse(await readFile(new URL('manifest.json', vectors), 'utf8')) as Manifest

let failed = 0

/** Prints a line, and remembers whether the largest difference is within what is allowed. */
function compared(name: string, difference: number, allowed: number): void {
  if (!(difference <= allowed)) failed += 1
  console.log(
    `${difference <= allowed ? 'ok    ' : 'FAILED'} ${name}: ${difference === 0 ? 'equal' : difference.toExponential(1)}, allowed ${allowed.toExponential()}`,
  )
}

function largestDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity
  let largest = 0
  for (let at = 0; at < found.length; at += 1) {
    const difference = Math.abs((found[at] ?? NaN) - (expected[at] ?? NaN))
    if (!(difference <= largest)) largest = difference
  }
  return largest
}

function array(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new Error(`there is no ${name}`)
  return tensor
}

await using cowmask = await launch()

const masks = await recorded('masks_cow.npz')
for (const [name, { n, height, width, sigma_range, proportion_range, seeds }] of Object.entries(
  manifest.files['masks_cow.npz'].cases,
)) {
  let different = 0
  for (const seed of seeds) {
    const drawn = await cowmask.masks.cow({
      count: n,
      height,
      width,
      sigma: sigma_range,
      proportion: proportion_range,
      seed,
      stream: 'reference',
    })
    const bits = array(masks, `${name}_s${String(seed)}_mask_bits`).data
    // A row of bytes an image, the first pixel in the highest bit.
    const rowBytes = bits.length / n
    drawn.data.forEach((value, at) => {
      const [image, pixel] = [Math.floor(at / (height * width)), at % (height * width)]
      const byte = bits[image * rowBytes + (pixel >> 3)] ?? 0
      if (((byte >> (7 - (pixel & 7))) & 1) !== value) different += 1
    })
  }
  compared(`CowMasks ${name}, share of different pixels`, different / (seeds.length * n * height * width), 1e-5)
}

const regularized = await recorded('regularizers.npz')
const { cases, inputs } = manifest.files['regularizers.npz']
for (const [name, options] of Object.entries(cases)) {
  const cow = { sigma: options.cow_sigma_range, proportion: options.cow_prop_range, stream: 'reference' } as const
  const images = array(regularized, options.input) as ImageBatch<Float32Array>
  for (const seed of inputs.seeds) {
    const out = array(regularized, `${name}_s${String(seed)}_out`).data
    if (options.option === 'cowmix') {
      const mixed = await cowmask.masks.mix({ images, kind: 'cowmix', ...cow, seed })
      compared(`${name}, seed ${String(seed)}`, largestDifference(mixed.images.data, out), 1e-6)
      const blend = array(regularized, `${name}_s${String(seed)}_blend`).data
      compared(`${name}, seed ${String(seed)}, blend`, largestDifference(mixed.blend, blend), 1e-6)
    } else if (options.option === 'cowout') {
      const { cut_backg_noise: noiseStd = 1, cut_prob: maskProbability = 1 } = options
      const erased = await cowmask.masks.erase({ images, kind: 'cowout', ...cow, noiseStd, maskProbability, seed })
      compared(`${name}, seed ${String(seed)}`, largestDifference(erased.images.data, out), 1e-6)
    }
  }
}

const leaves = await leavesOf(vectors)
const step = await recorded('train/wrn26_2_nodropout_cowmix.npz')
const { metrics, state } = await cowmask.experiments.step(stepConfig, stepInput(leaves))
const measured = [
  metrics.labeledLoss,
  metrics.labeledError,
  metrics.learningRate,
  metrics.perturbLoss,
  metrics.perturbConfidence,
  metrics.mixLoss,
  metrics.mixConfidence,
]
const expected = array(step, 'metrics').data.subarray(0, measured.length)
const relative = measured.map(
  (value, at) => Math.abs(value - (expected[at] ?? NaN)) / (Math.abs(expected[at] ?? 0) || 1),
)
compared('training step, metrics, relative', Math.max(...relative), 2e-5)
for (const owner of ['student', 'teacher']) {
  // Of every leaf the norm and the mean were recorded, for step after step.
  const norms = array(step, `${owner}_norm_mean`).data
  const differences = leaves.parameters.map(({ path }, number) => {
    const squares = (array(state, `${owner}/${path}`).data as Float32Array).reduce(
      (sum, value) => sum + value * value,
      0,
    )
    const norm = norms[2 * number] ?? NaN
    return Math.abs(Math.sqrt(squares) - norm) / norm
  })
  compared(
    `training step, norms of the ${owner}'s ${String(differences.length)} leaves`,
    Math.max(...differences),
    2e-4,
  )
}
console.log(failed === 0 ? 'everything agrees' : `${String(failed)} comparisons failed`)
process.exitCode = failed === 0 ? 0 : 1
