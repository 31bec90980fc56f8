// The inputs of the recorded training step of WRN-28-2 with CowMix, made as test/parity/manifest.json says, and its results.
import { readFile } from 'node:fs/promises'

import { type ExperimentConfig, type ImageBatch, type StepInput, type Tensor, networks } from 'cowmask'
import { LegacyRandom } from './legacy-random.js'

const IMAGES = 8
const EDGE = 32

/** A leaf of the network, in the order in which it was filled. */
interface Leaf {
  readonly path: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly scale: number
}

type LeafRow = readonly [path: string, shape: readonly number[], ...unknown[], offset: number, scale: number]

/** The recorded step's options. */
export const stepConfig = {
  dataset: { name: 'cifar10' },
  model: { ...networks.wrn26_2, dropout: 0 },
  mix: {
    kind: 'cowmix',
    weight: 30,
    confidence: { threshold: 0.2, average: true },
    sigma: [4, 16],
    proportion: [0.2, 0.8],
  },
  // Was recorded with a rate of 0.005; ours is the one for a batch of 256.
  optimizer: { learningRate: (0.005 * 256) / IMAGES, l2: 5e-4 },
  schedule: { kind: 'constant' },
  teacher: { alpha: 0.97 },
  batchSize: IMAGES,
  strictParity: true,
} as const satisfies ExperimentConfig

/** Names of the parameters and of the statistics, in the order of the recorded norms. */
export async function leavesOf(folder: URL): Promise<{ parameters: Leaf[]; statistics: Leaf[] }> {
  const described = JSON.parse(await readFile(new URL('arch/wrn26_2.json', folder), 'utf8')) as {
    readonly params: readonly LeafRow[]
    readonly stats: readonly LeafRow[]
  }
  const leaf = (row: LeafRow): Leaf => {
    const [path, shape] = row
    const [offset, scale] = row.slice(-2) as [number, number]
    return { path, shape, offset, scale }
  }
  return { parameters: described.params.map(leaf), statistics: described.stats.map(leaf) }
}

/** Student and teacher from the seeds 10000, 20000, 30000 and 40000, the batch from 600, the key from 800. */
export function stepInput({ parameters, statistics }: Awaited<ReturnType<typeof leavesOf>>): StepInput {
  const state = new Map<string, Tensor>([
    ...filled('student', parameters, 10_000),
    ...filled('student', statistics, 20_000),
    ...filled('teacher', parameters, 30_000),
    ...filled('teacher', statistics, 40_000),
  ])
  return { state, names: 'reference', batch: batch(), keySeed: 800 }
}

function filled(owner: string, leaves: readonly Leaf[], base: number): [string, Tensor][] {
  return leaves.map(({ path, shape, offset, scale }, number) => {
    const drawn = new LegacyRandom(base + number).normal(shape.reduce((product, length) => product * length, 1))
    const value = path.endsWith('/var') ? Math.abs : (x: number) => x
    return [`${owner}/${path}`, { shape, data: Float32Array.from(drawn, (x) => offset + scale * value(x)) }]
  })
}

function batch(): StepInput['batch'] {
  const random = new LegacyRandom(600)
  const size = EDGE * EDGE * 3
  const pixels = random.normal(3 * IMAGES * size)
  // The images differ in contrast, and each in the brightness of its channels.
  const shifts = random.normal(3 * IMAGES * 3)
  const contrast = (image: number) => 0.3 + (1.7 * image) / (IMAGES - 1)
  const images = (set: number): ImageBatch<Float32Array> => ({
    shape: [IMAGES, EDGE, EDGE, 3],
    data: Float32Array.from({ length: IMAGES * size }, (_, at) => {
      const image = Math.floor(at / size)
      const pixel = pixels[set * IMAGES * size + at] ?? NaN
      return pixel * contrast(image) + (shifts[(set * IMAGES + image) * 3 + (at % 3)] ?? NaN)
    }),
  })
  return { labeled: images(0), labels: random.integers(10, IMAGES), unlabeled: images(1) }
}
