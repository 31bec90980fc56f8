import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { type CowMask, ConfigError, type ImageBatch, type StepInput, type Tensor, readWeights } from 'cowmask'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { launchWorker, quick } from './worker.js'

const config = { ...quick, mix: { kind: 'cowmix', confidence: { threshold: 0 } }, steps: 8 } as const

let worker: Awaited<ReturnType<typeof launchWorker>>
let cowmask: CowMask
/** A model of the config, under our names and under the reference's. */
let model: Map<string, Tensor>
let theirs: Map<string, Tensor>
beforeAll(async () => {
  worker = await launchWorker()
  cowmask = worker.cowmask
  const run = await cowmask.experiments.start({ ...config, steps: 1 })
  await run.result()
  model = new Map((await cowmask.models.export({ run: run.id })).tensors)
  theirs = new Map((await cowmask.models.export({ run: run.id, names: 'reference' })).tensors)
})
afterAll(() => worker[Symbol.asyncDispose]())

const images = (phase: number): ImageBatch<Float32Array> => ({
  data: Float32Array.from({ length: 16 * 64 }, (_, at) => 2 * Math.sin(at * at + phase)),
  shape: [16, 8, 8, 1],
})
const batch = { labeled: images(0), labels: Int32Array.from({ length: 16 }, (_, at) => at % 10), unlabeled: images(1) }

const take = (input: Partial<StepInput> = {}) => cowmask.experiments.step(config, { state: model, batch, ...input })

describe('a single step', () => {
  test('measures the student, moves it, and says the same every time', async () => {
    const first = await take()
    const { metrics, state } = first
    expect(metrics.step).toBe(0)
    for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true)
    expect(metrics.loss).toBeGreaterThan(metrics.labeledLoss)
    expect(metrics.mixLoss).toBeGreaterThan(0)
    expect(metrics).toMatchObject({ learningRate: expect.closeTo((0.05 * 16) / 256, 8) as number, perturbLoss: 0 })
    expect(state.get('step')).toEqual({ shape: [], data: Int32Array.of(1) })
    const names = [...model.keys()]
    const parameters = names.filter((name) => name.startsWith('parameters/')).map((name) => name.slice(11))
    expect([...state.keys()].sort()).toEqual(
      [
        ...['student', 'teacher'].flatMap((owner) => names.map((name) => `${owner}/${name}`)),
        ...parameters.map((name) => `momentum/${name}`),
        'step',
      ].sort(),
    )
    // A step of stochastic gradient descent, with Nesterov's momentum from zero: 1.9 times the gradient.
    const [before, after, momentum] = [
      model.get('parameters/dense/kernel'),
      state.get('student/parameters/dense/kernel'),
      state.get('momentum/dense/kernel'),
    ]
    after?.data.forEach((value, at) => {
      const moved = (before?.data[at] ?? NaN) - metrics.learningRate * 1.9 * (momentum?.data[at] ?? NaN)
      expect(value).toBeCloseTo(moved, 6)
    })
    // The teacher moves 3 % of the way.
    state.get('teacher/parameters/dense/kernel')?.data.forEach((value, at) => {
      const [old, student] = [before?.data[at] ?? NaN, after?.data[at] ?? NaN]
      expect(value).toBeCloseTo(0.97 * old + 0.03 * student, 6)
    })
    expect(await take()).toEqual(first)
  })

  test('goes on from the state that the one before has left', async () => {
    const first = await take()
    const second = await take({ state: first.state })
    expect(second.metrics.step).toBe(1)
    expect(second.metrics.labeledLoss).toBeLessThan(first.metrics.labeledLoss)
    const withoutMomentum = new Map([...first.state].filter(([name]) => !name.startsWith('momentum/')))
    expect((await take({ state: withoutMomentum })).state).not.toEqual(second.state)
  })

  test('is the same under either names, and its state can be imported', async () => {
    const ours = await take()
    const reference = await take({ state: theirs, names: 'reference' })
    expect(reference.metrics).toEqual(ours.metrics)
    expect(reference.state.get('student/init_conv/kernel')).toEqual(ours.state.get('student/parameters/stem/kernel'))
    const runs = [
      await cowmask.experiments.import(config, ours.state),
      await cowmask.experiments.import(config, reference.state, { names: 'reference' }),
    ]
    const [one, other] = await Promise.all(runs.map((run) => cowmask.models.checkpoints(run.id)))
    expect(one).toEqual(other)
    expect(one?.map(({ step }) => step)).toEqual([1])
    expect(new Map((await cowmask.models.export({ run: runs[0]?.id ?? '', weights: 'student' })).tensors)).toEqual(
      new Map([...model.keys()].map((name) => [name, ours.state.get(`student/${name}`)])),
    )
  })

  test('draws from the key that is given', async () => {
    const of = async (keySeed?: number) => (await take({ keySeed })).metrics
    const [own, zero, last, again] = [await of(), await of(0), await of(4_294_967_295), await of(0)]
    expect(again).toEqual(zero)
    expect(new Set([own, zero, last].map(({ mixLoss }) => mixLoss)).size).toBe(3)
    expect(new Set([own, zero, last].map(({ labeledLoss }) => labeledLoss)).size).toBe(1)
  })

  test('takes a second view of the unlabeled images where the config wants one', async () => {
    const separately = {
      ...config,
      perturb: { kind: 'mean_teacher', augmentSeparately: true, confidence: { threshold: 0 } },
      mix: { kind: 'none' },
    } as const
    const perturbLoss = async (more: object) => {
      const { metrics } = await cowmask.experiments.step(separately, { state: model, batch: { ...batch, ...more } })
      return metrics.perturbLoss
    }
    const same = await perturbLoss({})
    expect(await perturbLoss({ unlabeledSecond: batch.unlabeled })).toBe(same)
    expect(await perturbLoss({ unlabeledSecond: images(2) })).not.toBe(same)
  })
})

describe('what does not fit', () => {
  const refused = async (input: object, ...paths: string[]): Promise<ConfigError> => {
    const error: unknown = await take(input).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).violations.map(({ path }) => path)).toEqual(paths)
    return error as ConfigError
  }

  test('is refused before anything is sent', async () => {
    await refused({ states: new Map() }, 'states')
    await refused({ state: {} }, 'state')
    await refused({ batch: undefined }, 'batch.labeled.data')
    await refused({ batch: { ...batch, labels: [1, 2] } }, 'batch.labels')
    await refused({ batch: { ...batch, unlabeled: { ...images(0), shape: [16, 64] } } }, 'batch.unlabeled.shape')
    await refused({ batch: { ...batch, unlabeled: { ...images(0), shape: [15, 8, 8, 1] } } }, 'batch.unlabeled.data')
    await refused({ batch: { ...batch, labeled: { ...images(0), data: new Uint8Array(1024) } } }, 'batch.labeled.data')
    await refused({ batch: { ...batch, unlabeledSecond: null } }, 'batch.unlabeledSecond.data')
    for (const keySeed of [-1, 0.5, 2 ** 32, NaN, '7']) await refused({ keySeed }, 'keySeed')
    await refused({ names: 'ours' }, 'names')
  })

  test('is refused by the worker with every path', async () => {
    const ten = new Int32Array(16).fill(10)
    const few = { ...images(0), data: new Float32Array(64), shape: [1, 8, 8, 1] }
    await refused({ batch: { ...batch, labels: ten } }, 'batch.labels')
    await refused(
      { batch: { labeled: few, labels: ten.subarray(1), unlabeled: few, unlabeledSecond: few } },
      'batch.labeled',
      'batch.labels',
      'batch.unlabeled',
      'batch.unlabeledSecond',
    )
    const wrong = new Map(model)
    wrong.delete('parameters/stem/bias')
    wrong.set('parameters/stem/scale', { shape: [1], data: new Float32Array(1) })
    await refused({ state: wrong }, 'state.parameters/stem/bias', 'state.parameters/stem/scale')
    const { message } = await refused({ state: theirs }, 'state')
    expect(message).toContain("say so by names: 'reference'.")
    const { state } = await take()
    const late = new Map([...state, ['step', { shape: [], data: Int32Array.of(8) }]])
    expect((await refused({ state: late }, 'state.step')).message).toContain('must be from 0 to 7')
    const step = cowmask.experiments.step({ ...config, steps: 0 }, { state: model, batch })
    await expect(step).rejects.toMatchObject({ violations: [{ path: 'steps' }] })
  })
})

/** A regularizer that was recorded, under the options of the authors' launcher. */
interface Recorded {
  readonly option: string
  readonly input: string
  readonly cow_sigma_range: readonly [number, number]
  readonly cow_prop_range: readonly [number, number]
  readonly cut_backg_noise?: number
  readonly cut_prob?: number
  readonly box_reg_scale_mode?: 'fixed' | 'random_area' | 'random_size'
  readonly box_reg_scale?: number
  readonly box_reg_random_aspect_ratio?: boolean
}

describe("the reference's stream", async () => {
  const folder = new URL('../parity/', import.meta.url)
  const manifest = JSON.parse(await readFile(new URL('manifest.json', folder), 'utf8')) as {
    files: { 'regularizers.npz': { cases: Record<string, Recorded>; inputs: { seeds: readonly number[] } } }
  }
  const { cases, inputs } = manifest.files['regularizers.npz']
  const drawn = Object.entries(cases).filter(([, { option }]) => /cow|cut/.test(option))
  test('has recorded cases of all four kinds', () => {
    const kinds = new Set(drawn.map(([, { option }]) => option.replace('aug_', '')))
    expect([...kinds].sort()).toEqual(['cowmix', 'cowout', 'cutmix', 'cutout'])
  })

  test.each(drawn)('gives %s as it was recorded', async (name, recorded) => {
    const vectors = await readWeights(fileURLToPath(new URL('regularizers.npz', folder)))
    const array = (key: string) => vectors.get(key)?.data ?? new Float32Array()
    const close = (found: ArrayLike<number>, key: string) => {
      const expected = array(key)
      expect(found).toHaveLength(expected.length)
      const differences = Array.from(found, (value, at) => Math.abs(value - (expected[at] ?? NaN)))
      expect(differences.reduce((largest, each) => Math.max(largest, each), 0)).toBeLessThanOrEqual(1e-6)
    }
    const batch = vectors.get(recorded.input) as ImageBatch<Float32Array>
    const cow = { sigma: recorded.cow_sigma_range, proportion: recorded.cow_prop_range }
    const box = {
      area: recorded.box_reg_scale_mode ?? 'fixed',
      scale: recorded.box_reg_scale ?? 0.25,
      randomAspect: recorded.box_reg_random_aspect_ratio ?? false,
    } as const
    const noise = { noiseStd: recorded.cut_backg_noise ?? 1, maskProbability: recorded.cut_prob ?? 1 }
    for (const seed of inputs.seeds) {
      const shared = { images: batch, seed, stream: 'reference' } as const
      if (name.startsWith('mix/')) {
        const mixed = await cowmask.masks.mix(
          recorded.option === 'cowmix' ? { ...shared, kind: 'cowmix', ...cow } : { ...shared, kind: 'cutmix', ...box },
        )
        close(mixed.images.data, `${name}_s${String(seed)}_out`)
        close(mixed.blend, `${name}_s${String(seed)}_blend`)
      } else {
        const erased = await cowmask.masks.erase(
          recorded.option.endsWith('cowout')
            ? { ...shared, ...noise, kind: 'cowout', ...cow }
            : { ...shared, ...noise, kind: 'cutout', ...box },
        )
        close(erased.images.data, `${name}_s${String(seed)}_out`)
      }
    }
  })

  test('is not the one that draws image by image', async () => {
    const options = { kind: 'cowmix', images: { data: new Uint8Array(3 * 64), shape: [3, 8, 8, 1] }, seed: 1 } as const
    const [reference, plain, named] = [
      await cowmask.masks.mix({ ...options, stream: 'reference' }),
      await cowmask.masks.mix(options),
      await cowmask.masks.mix({ ...options, stream: 'per_image' }),
    ]
    expect(named).toEqual(plain)
    expect(reference.masks?.data).not.toEqual(plain.masks?.data)
  })
})
