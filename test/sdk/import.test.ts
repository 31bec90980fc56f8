import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import {
  type CowMask,
  ConfigError,
  type Experiment,
  type ExperimentConfig,
  type RunEvent,
  type Tensor,
  presets,
  readWeights,
  writeWeights,
} from 'cowmask'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { launchWorker, quick, temporaryFolder } from './worker.js'

/** Eight steps with a checkpoint in their middle. */
const config = { ...quick, mix: { kind: 'cowmix', weight: 30 }, steps: 8, checkpointEvery: 4 } as const
const NAMES = ['cowmask', 'reference'] as const
const FORMATS = ['npz', 'safetensors'] as const

let worker: Awaited<ReturnType<typeof launchWorker>>
let cowmask: CowMask
let original: Experiment
beforeAll(async () => {
  worker = await launchWorker()
  cowmask = worker.cowmask
  original = await cowmask.experiments.start(config)
  await original.result()
})
afterAll(() => worker[Symbol.asyncDispose]())

const images = {
  data: Uint8Array.from({ length: 3 * 64 }, (_, index) => (index * 37) % 256),
  shape: [3, 8, 8, 1],
} as const

/** What a model says about three images, number for number. */
const answers = async (run: Experiment, weights: 'teacher' | 'student') =>
  (await cowmask.models.predict({ run: run.id, weights, images })).probabilities

const exported = async (names: 'cowmask' | 'reference' = 'cowmask') =>
  new Map((await cowmask.models.export({ run: original.id, names })).tensors)

/** The whole state that the run saved in its middle, as anybody reads it from its folder. */
const middle = () =>
  readWeights(join(worker.stateDir, 'runs', original.id, 'checkpoints', '0000000004', 'state.safetensors'))

const checkpointsOf = (run: Experiment) => cowmask.models.checkpoints(run.id)

async function metricsOf(run: Experiment): Promise<Omit<Extract<RunEvent, { type: 'metrics' }>, 'stepsPerSecond'>[]> {
  const found = []
  for await (const event of run.events())
    if (event.type === 'metrics') found.push({ ...event, seq: 0, attempt: 0, time: '', stepsPerSecond: 0 })
  return found
}

/** All that a refused call has left behind: nothing. */
async function expectNothingNew(call: () => Promise<unknown>): Promise<void> {
  const folders = () => readdir(join(worker.stateDir, 'runs'))
  const before = await folders()
  await call()
  expect(await folders()).toEqual(before)
  const runs = []
  for await (const run of cowmask.experiments.list()) runs.push(run.id)
  expect(runs.sort()).toEqual(before.sort())
}

describe('a model that goes out and comes in', () => {
  test.each(NAMES.flatMap((names) => FORMATS.map((format) => [names, format] as const)))(
    'under the names of %s as .%s gives the same answers',
    async (names, format) => {
      await using folder = await temporaryFolder()
      const path = join(folder.path, `model.${format}`)
      await (await cowmask.models.export({ run: original.id, names })).write(path)
      const weights = await readWeights(path)
      expect(weights.has('parameters/stem/kernel')).toBe(names === 'cowmask')
      expect(weights.has('init_conv/kernel')).toBe(names === 'reference')
      const run = await cowmask.experiments.import(config, weights, { names })
      expect(run).toMatchObject({ state: 'cancelled', attempt: 1, step: 0 })
      const expected = await answers(original, 'teacher')
      expect(await answers(run, 'teacher')).toEqual(expected)
      expect(await answers(run, 'student')).toEqual(expected)
      expect(new Map((await cowmask.models.export({ run: run.id })).tensors)).toEqual(await exported())
    },
  )

  test('is the same checkpoint under either name, and says that it was imported', async () => {
    const runs = await Promise.all(
      NAMES.map(async (names) => cowmask.experiments.import(config, await exported(names), { names })),
    )
    const digests = await Promise.all(runs.map(async (run) => (await checkpointsOf(run)).map(({ digest }) => digest)))
    expect(digests[0]).toHaveLength(1)
    expect(digests[0]).toEqual(digests[1])
    for (const run of runs) {
      await expect(run.result()).rejects.toMatchObject({ name: 'RunError', code: 'IMPORTED', state: 'cancelled' })
      expect((await run.finished()).checkpoint?.digest).toBe(digests[0]?.[0])
    }
    const { error } = await cowmask.models.evaluate({ run: original.id })
    expect(await cowmask.models.evaluate({ run: runs[1]?.id ?? '' })).toMatchObject({ count: 360, step: 0, error })
  })
})

describe('a whole state', () => {
  test.each(FORMATS)('goes on exactly as the run that it comes from, also through a .%s file', async (format) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, `state.${format}`)
    await writeWeights(path, await middle())
    const run = await cowmask.experiments.import(config, await readWeights(path))
    const [saved, last] = await checkpointsOf(original)
    expect(saved).toMatchObject({ step: 4 })
    expect(await checkpointsOf(run)).toEqual([saved])

    await run.resume()
    expect(await run.result()).toMatchObject({ state: 'succeeded', step: 8, checkpoint: last })
    expect(await metricsOf(run)).toEqual((await metricsOf(original)).slice(4))
    expect(run.attempt).toBe(2)
  })

  test('of a later step than the run has is refused', async () => {
    const shorter = { ...config, steps: 3 }
    await expectNothingNew(async () => {
      const imported = cowmask.experiments.import(shorter, await middle())
      await expect(imported).rejects.toMatchObject({ violations: [{ path: 'weights.step' }] })
    })
    const exact = await cowmask.experiments.import({ ...config, steps: 4 }, await middle())
    await exact.resume()
    expect(await exact.result()).toMatchObject({ state: 'succeeded', step: 4 })
  })
})

describe('weights that do not fit', () => {
  const bias = { shape: [10], data: new Float32Array(10) }
  const wrong = new Map<string, (weights: Map<string, Tensor>) => void>([
    ['parameters/dense/bias', (weights) => weights.delete('parameters/dense/bias')],
    ['parameters/extra', (weights) => weights.set('parameters/extra', bias)],
    ['parameters/stem/kernel', (weights) => weights.set('parameters/stem/kernel', bias)],
    ['statistics/norm/var', (weights) => weights.get('statistics/norm/var')?.data.fill(NaN)],
  ])

  test('are named, every one of them, and leave nothing', async () => {
    for (const format of FORMATS) {
      await using folder = await temporaryFolder()
      const path = join(folder.path, `wrong.${format}`)
      const weights = await exported()
      for (const spoil of wrong.values()) spoil(weights)
      await writeWeights(path, weights)
      await expectNothingNew(async () => {
        const error: unknown = await cowmask.experiments
          .import(config, await readWeights(path))
          .catch((caught: unknown) => caught)
        expect(error).toBeInstanceOf(ConfigError)
        const { violations, message } = error as ConfigError
        const paths = [...wrong.keys()].map((name) => `weights.${name}`)
        expect(violations.map((violation) => violation.path).sort()).toEqual(paths.sort())
        expect(message).toContain('4 options are wrong.')
        expect(message).toContain('weights.parameters/dense/bias: is required: float32 of the shape [10]')
      })
    }
  })

  test.each([
    [{}, 'reference', "say so by names: 'reference'."],
    [{ names: 'reference' }, 'cowmask', "leave out names: 'reference'."],
    [{}, 'nothing', 'Read them from a file with readWeights().'],
  ] as const)('%j with the names of %s: %s', async (options, kind, advice) => {
    const weights = kind === 'nothing' ? new Map<string, Tensor>() : await exported(kind)
    await expectNothingNew(async () => {
      const imported = cowmask.experiments.import(config, weights, options)
      await expect(imported).rejects.toMatchObject({ violations: [{ path: 'weights' }] })
      await expect(imported).rejects.toThrow(advice)
    })
  })

  test('are refused before anything is sent where no call can carry them', async () => {
    const one = (tensor: unknown) => new Map([['parameters/dense/bias', tensor]]) as never
    const refused = async (weights: never, reason: string) => {
      const imported = cowmask.experiments.import(config, weights)
      await expect(imported).rejects.toBeInstanceOf(ConfigError)
      await expect(imported).rejects.toThrow(`weights: ${reason}`)
    }
    await refused({ 'parameters/dense/bias': bias } as never, 'must be a Map of names to tensors.')
    await refused(one([1, 2, 3]), '"parameters/dense/bias" must have a Float32Array,')
    await refused(one({ ...bias, shape: [11] }), '"parameters/dense/bias" must have 11 elements for the shape [11]')
    const names = cowmask.experiments.import(config, new Map(), { names: 'theirs' as never })
    await expect(names).rejects.toMatchObject({ violations: [{ path: 'names' }] })
  })

  test('of another type or too long a name are refused by the worker', async () => {
    const imported = (name: string, tensor: Tensor) => cowmask.experiments.import(config, new Map([[name, tensor]]))
    const bytes = imported('a', { shape: [1], data: new Uint8Array(1) })
    await expect(bytes).rejects.toThrow('weights.a: must be of type float32 or int32; got uint8')
    await expect(imported('n'.repeat(301), bias)).rejects.toThrow('weights: must have names of 1 to 300 printable')
  })
})

test('one key is one import, whatever comes with it, and no run that was started', async () => {
  const weights = await exported()
  const options = { idempotencyKey: 'once' }
  const [one, other] = await Promise.all([1, 2].map(() => cowmask.experiments.import(config, weights, options)))
  expect(one?.id).toBe(other?.id)
  // The worker answers before it has read what is sent: 40 MB.
  const large = new Map([...weights, ['large', { shape: [10_000_000], data: new Float32Array(10_000_000) }]])
  expect((await cowmask.experiments.import(config, large, options)).id).toBe(one?.id)
  const conflict = { name: 'RemoteError', code: 'IDEMPOTENCY_CONFLICT' }
  await expect(cowmask.experiments.import({ ...config, seed: 1 }, weights, options)).rejects.toMatchObject(conflict)
  await expect(cowmask.experiments.start(config, options)).rejects.toMatchObject(conflict)
})

describe('a dataset whose images are not there', () => {
  const cifar = { ...config, dataset: { name: 'cifar10', labeled: 1000 } } as const
  const unprepared = { name: 'RemoteError', code: 'DATASET_NOT_PREPARED' }

  test('has models that are imported, predict and are exported; nothing that needs images is begun', async () => {
    const weights = await exported()
    const stem = Float32Array.from({ length: 3 * 3 * 3 * 16 }, (_, at) => Math.sin(at))
    weights.set('parameters/stem/kernel', { shape: [3, 3, 3, 16], data: stem })
    const run = await cowmask.experiments.import(cifar, weights)
    expect(run.config).toMatchObject({ dataset: { name: 'cifar10' }, augmentation: { shift: 4, horizontalFlip: true } })
    const photographs = { data: new Uint8Array(2 * 32 * 32 * 3).fill(99), shape: [2, 32, 32, 3] } as const
    const { labels, classes } = await cowmask.models.predict({ run: run.id, images: photographs })
    expect([labels[0], classes]).toEqual([labels[1], 10])
    const { tensors } = await cowmask.models.export({ run: run.id, names: 'reference' })
    expect(tensors.get('init_conv/kernel')?.data).toEqual(stem)

    await expect(run.resume()).rejects.toMatchObject(unprepared)
    await expect(cowmask.models.evaluate({ run: run.id })).rejects.toMatchObject(unprepared)
    await expect(cowmask.datasets.inspect('cifar10')).rejects.toMatchObject(unprepared)
    expect((await cowmask.experiments.get(run.id)).attempt).toBe(1)
  })

  test.each(Object.entries<ExperimentConfig>(presets))('of preset %s: its options are right', async (name, preset) => {
    if (name === 'digits_40') return
    const started = cowmask.experiments.start(preset)
    await expect(started).rejects.toMatchObject(unprepared)
    await expect(started).rejects.toThrow(preset.dataset.name)
  })
})
