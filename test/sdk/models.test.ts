import { execFile } from 'node:child_process'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import {
  ConfigError,
  type CowMask,
  type EvaluationResult,
  type Experiment,
  type FilePrediction,
  type ImageBatch,
  RemoteError,
  writePng,
} from 'cowmask'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { launchWorker, quick, temporaryFolder } from './worker.js'

const server = fileURLToPath(new URL('../../server-py', import.meta.url))
const program = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
const PIXELS = 64
const CLASSES = ['one, or so', 'say "two"', 'zero']
/** The digit of each class. */
const DIGIT_OF = [1, 2, 0]

interface Digits {
  readonly images: Uint8Array
  readonly labels: readonly number[]
}

/** The shipped digits 0, 1 and 2, with their places in `CLASSES`. */
async function digits(): Promise<Digits> {
  const script = `
import sys
sys.path.insert(0, ${JSON.stringify(server)})
from cowmask_worker.data import digits
images, labels = digits.load()[:2]
chosen = labels < 3
sys.stdout.buffer.write(images[chosen].tobytes() + labels[chosen].astype("uint8").tobytes())`
  const python = process.env.COWMASK_WORKER_PYTHON ?? 'python3'
  const { stdout } = await promisify(execFile)(python, ['-c', script], { encoding: 'buffer', maxBuffer: 1 << 24 })
  const count = stdout.length / (PIXELS + 1)
  const labels = [...stdout.subarray(count * PIXELS)].map((digit) => DIGIT_OF.indexOf(digit))
  return { images: new Uint8Array(stdout.subarray(0, count * PIXELS)), labels }
}

let here: Awaited<ReturnType<typeof temporaryFolder>>
let worker: Awaited<ReturnType<typeof launchWorker>>
let cowmask: CowMask
let all: Digits
let run: Experiment

const image = (index: number) => all.images.subarray(index * PIXELS, (index + 1) * PIXELS)

const batch = (indices: readonly number[]): ImageBatch<Uint8Array> => ({
  data: Uint8Array.from(indices.flatMap((index) => [...image(index)])),
  shape: [indices.length, 8, 8, 1],
})

async function put(name: string, index: number): Promise<void> {
  const path = join(here.path, name)
  await mkdir(dirname(path), { recursive: true })
  await writePng(path, { height: 8, width: 8, channels: 1, data: image(index) })
}

/** The first `count` images of a class, behind those that are taken. */
const taken = new Set<number>()
function next(label: number, count: number): number[] {
  const found = all.labels.flatMap((each, index) => (each === label && !taken.has(index) ? [index] : []))
  for (const index of found.slice(0, count)) taken.add(index)
  return found.slice(0, count)
}

/** A hundred labeled images, and thirty-six to test with: of each class other shares. */
async function writeFolder(): Promise<void> {
  for (const [label, [labeled, testing]] of [[60, 20] as const, [30, 12] as const, [10, 4] as const].entries()) {
    const name = CLASSES[label] ?? ''
    for (const index of next(label, labeled)) await put(`photos/labeled/${name}/${String(index)}.png`, index)
    for (const index of next(label, testing)) await put(`photos/test/${name}/${String(index)}.png`, index)
  }
}

const config = {
  ...quick,
  augmentation: { horizontalFlip: false },
  dataset: { name: 'photos', labeled: 30 },
  steps: 20,
} as const

beforeAll(async () => {
  here = await temporaryFolder()
  all = await digits()
  await writeFolder()
  worker = await launchWorker({
    stateDir: join(here.path, 'state'),
    dataDir: join(here.path, 'datasets'),
    dataRoots: { here: here.path },
  })
  cowmask = worker.cowmask
  await cowmask.datasets.import('photos', join(here.path, 'photos'))
  run = await cowmask.experiments.start(config)
  await run.result()
})
afterAll(async () => {
  await worker[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
})

async function collected(predictions: AsyncIterable<FilePrediction>): Promise<FilePrediction[]> {
  const found: FilePrediction[] = []
  for await (const each of predictions) found.push(each)
  return found
}

/** What `predict` says of the same pixels. */
async function ofPixels(indices: readonly number[], model = run): Promise<{ label: string; confidence: number }[]> {
  const { labels, probabilities, classes } = await cowmask.models.predict({ run: model.id, images: batch(indices) })
  return [...labels].map((label, row) => ({
    label: CLASSES[label] ?? '',
    confidence: Math.max(...probabilities.subarray(row * classes, (row + 1) * classes)),
  }))
}

/** Every number of a score that follows from what was answered. */
function check(result: EvaluationResult, labels: readonly number[], answers: readonly string[]): void {
  const confusion = new Uint32Array(9)
  labels.forEach((label, row) => {
    const cell = label * 3 + CLASSES.indexOf(answers[row] ?? '')
    confusion[cell] = (confusion[cell] ?? 0) + 1
  })
  expect(result.classes).toEqual(CLASSES)
  expect(result.confusion).toEqual(confusion)
  expect(result.count).toBe(labels.length)
  const right = [0, 4, 8].map((cell) => confusion[cell] ?? 0)
  const counts = [0, 1, 2].map((label) => labels.filter((each) => each === label).length)
  expect(result.perClass).toEqual(
    CLASSES.map((name, label) => ({
      name,
      count: counts[label],
      accuracy: (right[label] ?? 0) / (counts[label] ?? 0),
    })),
  )
  expect(result.error).toBeCloseTo(1 - right.reduce((sum, each) => sum + each) / labels.length, 6)
  const accuracies = result.perClass.filter(({ count }) => count > 0).map(({ accuracy }) => accuracy)
  expect(result.balancedAccuracy).toBeCloseTo(accuracies.reduce((sum, each) => sum + each) / accuracies.length, 12)
}

describe('a score', () => {
  test('tells what each class was taken for; classes of any size count alike in the balanced accuracy', async () => {
    const testing: { label: number; index: number }[] = []
    for (const [label, name] of CLASSES.entries())
      for (const file of await readdir(join(here.path, 'photos/test', name)))
        testing.push({ label, index: Number(file.replace('.png', '')) })
    const answers = await ofPixels(testing.map(({ index }) => index))
    const result = await cowmask.models.evaluate({ run: run.id })
    check(
      result,
      testing.map(({ label }) => label),
      answers.map(({ label }) => label),
    )
    expect(result.perClass.map(({ count }) => count)).toEqual([20, 12, 4])
    expect(result.error).toBe((await run.result()).teacher.error)
  })

  test('on another dataset is that of its images, normalized as the model was trained', async () => {
    const [labeled, testing] = [
      [...next(0, 6), ...next(1, 6), ...next(2, 6)],
      [...next(0, 9), ...next(1, 4)],
    ]
    const labelsOf = (indices: readonly number[]) => Int32Array.from(indices, (index) => all.labels[index] ?? -1)
    const arrays = {
      images: batch(labeled),
      labels: labelsOf(labeled),
      testImages: batch(testing),
      testLabels: labelsOf(testing),
    }
    const { mean } = await cowmask.datasets.import('others', { ...arrays, classes: CLASSES })
    const trained = (await cowmask.datasets.list()).find(({ name }) => name === 'photos')
    expect(mean).not.toEqual(trained?.mean)
    for (const [split, indices] of [['test', testing] as const, ['train', labeled] as const]) {
      const result = await cowmask.models.evaluate({ run: run.id, dataset: 'others', split })
      const answers = await ofPixels(indices)
      check(
        result,
        [...labelsOf(indices)],
        answers.map(({ label }) => label),
      )
    }
    // No test image of the third class: it has no accuracy.
    const { perClass } = await cowmask.models.evaluate({ run: run.id, dataset: 'others' })
    expect(perClass[2]).toEqual({ name: 'zero', count: 0, accuracy: NaN })

    const refused = (options: object) =>
      cowmask.models.evaluate({ run: run.id, ...options }).catch((error: unknown) => error)
    const size = { ...arrays, images: { data: arrays.images.data, shape: [9, 16, 8, 1] as const } }
    const half = { labels: arrays.labels.filter((_, at) => at % 2 === 0), testImages: undefined, testLabels: undefined }
    await cowmask.datasets.import('tall', { ...size, ...half, classes: CLASSES }, { storage: 'pixels' })
    for (const [options, path, told] of [
      [{ dataset: 'digits' }, 'dataset', /photos has 3, from number 1 on 'one, or so', .*; digits has 10, from .* '0'/],
      [{ dataset: 'tall' }, 'dataset', /photos has 8 x 8 x 1, tall has 16 x 8 x 1/],
      [{ dataset: 'other' }, 'dataset', /must be a dataset that is there/],
      [{ dataset: 'others', split: 'validation' }, 'split', /the dataset others has put no images aside/],
      [{ split: 'validation' }, 'split', /this run has put no images aside/],
    ] as const) {
      const error = await refused(options)
      expect(error).toBeInstanceOf(ConfigError)
      expect(error).toMatchObject({ violations: [{ path, reason: expect.stringMatching(told) as string }] })
    }
  })

  test('of a run that reads its files is that of its last evaluation', async () => {
    await cowmask.datasets.import('photo_files', join(here.path, 'photos'), { storage: 'files', imageSize: 8 })
    const files = await cowmask.experiments.start({
      ...config,
      dataset: { ...config.dataset, name: 'photo_files' },
      batchSize: 4,
      steps: 2,
    })
    const { teacher } = await files.result()
    const result = await cowmask.models.evaluate({ run: files.id })
    expect(result).toMatchObject({ count: 36, error: teacher.error, top5Error: teacher.top5Error })
    expect(result.loss).toBeCloseTo(teacher.loss, 5)
    const predicted = await collected(
      cowmask.models.predictFiles({ run: files.id, source: join(here.path, 'photos/test') }),
    )
    check(
      result,
      predicted.map(({ name }) => CLASSES.indexOf(dirname(name))),
      predicted.map(({ label }) => label ?? ''),
    )
  })
})

describe('predictions of files', () => {
  let source: string
  const ODD = ['a, b.png', 'deep/er/two\nlines.png', 'say "c".png']
  const indices: number[] = []
  beforeAll(async () => {
    source = join(here.path, 'inbox')
    indices.push(...next(0, 1), ...next(1, 1), ...next(2, 1))
    for (const [place, name] of ODD.entries()) await put(`inbox/${name}`, indices[place] ?? 0)
    await put('inbox/.hidden.png', 0)
    await put('outside.png', 0)
    await symlink(join(here.path, 'outside.png'), join(source, 'link.png'))
    await writeFile(join(source, 'bad.png'), 'no image')
    await writeFile(join(source, 'notes.txt'), 'no image')
  })

  const CSV = 'path,label,confidence,problem\n'
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const BAD = 'expected a PNG, JPEG, WebP or BMP image, found something else'

  test('are those of their pixels, in the order of names, with what is wrong among them', async () => {
    const expected = await ofPixels(indices)
    const progress: number[][] = []
    const predictions = await collected(
      cowmask.models.predictFiles({
        run: run.id,
        source,
        onProgress: ({ done, total }) => progress.push([done, total]),
      }),
    )
    expect(predictions.map(({ name }) => name)).toEqual([ODD[0], 'bad.png', ODD[1], 'link.png', ODD[2]])
    expect(predictions.filter(({ problem }) => problem === undefined)).toEqual(
      expected.map((answer, place) => ({ name: ODD[place], ...answer })),
    )
    expect(predictions[1]).toEqual({ name: 'bad.png', problem: BAD })
    expect(predictions[3]?.problem).toMatch(/^expected a file within the folder, found a link to '.*outside.png'$/)
    expect(progress).toEqual([
      [0, 5],
      [5, 5],
    ])
    const rooted = cowmask.models.predictFiles({ run: run.id, source: { root: 'here', path: 'inbox' } })
    expect(await collected(rooted)).toEqual(predictions)
    const single = { run: run.id, source: join(source, ODD[0] ?? ''), weights: 'teacher', step: 20 } as const
    expect(await collected(cowmask.models.predictFiles(single))).toEqual([predictions[0]])
  })

  test('are written as a table, whole or not at all', async () => {
    const answers = await ofPixels(indices)
    const file = join(here.path, 'table.csv')
    await writeFile(file, 'what was there before')
    const predictions = cowmask.models.predictFiles({ run: run.id, source })
    const summary = await predictions.writeCsv(file)
    const counts = CLASSES.map((name) => [name, answers.filter(({ label }) => label === name).length] as const)
    expect(summary).toEqual({ files: 5, problems: 2, ignored: 1, step: 20, labels: Object.fromEntries(counts) })
    const answered = (place: number) => {
      const { label = '', confidence = NaN } = answers[place] ?? {}
      return `${quoted(ODD[place] ?? '')},${quoted(label)},${confidence.toFixed(6)},\n`
    }
    const link = `expected a file within the folder, found a link to '${join(here.path, 'outside.png')}'`
    expect(await readFile(file, 'utf8')).toBe(
      `${CSV}${answered(0)}bad.png,,,"${BAD}"\n${answered(1)}link.png,,,"${link}"\n${answered(2)}`,
    )
    const nowhere = predictions.writeCsv(join(here.path, 'nowhere', 'table.csv'))
    await expect(nowhere).rejects.toMatchObject({ violations: [{ path: 'path' }] })
    const unknown = cowmask.models.predictFiles({ run: 'run_aaaaaaaaaaaaaaaaaaaa', source })
    await expect(unknown.writeCsv(file)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    expect(await readFile(file, 'utf8')).toContain(CSV)
    expect((await readdir(here.path)).filter((name) => name.startsWith('.cowmask'))).toEqual([])
  })

  test('of more files than a batch can be left early, and leave the folder as it was', async () => {
    for (let number = 0; number < 300; number += 1) await put(`many/${String(number)}.png`, number % 100)
    const source = join(here.path, 'many')
    for await (const { name } of cowmask.models.predictFiles({ run: run.id, source })) {
      expect(name).toBe('0.png')
      break
    }
    const predictions = await collected(cowmask.models.predictFiles({ run: run.id, source }))
    expect(predictions).toHaveLength(300)
    const order = predictions.map(({ name }) => Number(name.replace('.png', '')) % 100)
    expect(predictions.map(({ label, confidence }) => ({ label, confidence }))).toEqual(await ofPixels(order))
    expect(await readdir(source)).toHaveLength(300)
  })

  test('are refused where nothing can be asked', async () => {
    const wrong = (options: object, path: string) => {
      const asked = () => cowmask.models.predictFiles({ run: run.id, source, ...options })
      expect(asked).toThrow(ConfigError)
      expect(asked).toThrow(new RegExp(`^${path}: `))
    }
    wrong({ source: join(here.path, 'nowhere') }, 'source')
    wrong({ source: '/' }, 'source')
    wrong({ source: 7 }, 'source')
    wrong({ source: { root: 'here', pth: 'inbox' } }, 'pth')
    wrong({ weights: 'pupil' }, 'weights')
    wrong({ wieghts: 'teacher' }, 'wieghts')
    const elsewhere = { root: 'here', path: '../outside' }
    const refused = collected(cowmask.models.predictFiles({ run: run.id, source: elsewhere }))
    await expect(refused).rejects.toMatchObject({ violations: [{ path: 'source.path' }] })
    const step = collected(cowmask.models.predictFiles({ run: run.id, source, step: 7 }))
    await expect(step).rejects.toBeInstanceOf(RemoteError)
    await expect(step).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' })
  })
})

describe('the command line', () => {
  test('predicts a folder into a table, and scores', async () => {
    const result = await cowmask.models.evaluate({ run: run.id })
    const predictions = await collected(cowmask.models.predictFiles({ run: run.id, source: join(here.path, 'inbox') }))
    // One worker at a time may use the state folder.
    await cowmask.close()
    const folders = ['--state-dir', join(here.path, 'state'), '--data-dir', join(here.path, 'datasets')]
    const ran = async (...flags: string[]) =>
      (await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...flags, ...folders])).stdout
    const csv = join(here.path, 'from cli.csv')
    const [told, json] = [
      await ran('evaluate', run.id),
      await ran('predict', run.id, join(here.path, 'inbox'), '--csv', csv, '--json'),
    ]
    expect(told.split('\n')[0]).toContain(`error ${(100 * result.error).toFixed(2)} %, balanced accuracy`)
    for (const { name, count, accuracy } of result.perClass)
      expect(told).toMatch(new RegExp(`${name} +${String(count)} +${(100 * accuracy).toFixed(2)} %`))
    expect(JSON.parse(json)).toMatchObject({ csv, files: 5, problems: 2, ignored: 1, step: 20 })
    const rows = (await readFile(csv, 'utf8')).split('\n')
    expect(rows[1]).toContain(`"a, b.png",${quotedLabel(predictions[0])}`)
  })

  const quotedLabel = (prediction: FilePrediction | undefined) => {
    const { label = '' } = prediction ?? {}
    return /[",]/.test(label) ? `"${label.replaceAll('"', '""')}"` : label
  }
})
