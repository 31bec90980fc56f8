import { execFile } from 'node:child_process'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type CowMask, ConfigError, decodePng, writePng } from 'cowmask'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { launchWorker, quick, temporaryFolder } from './worker.js'

const program = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
const CLASSES = ['left hand', 'right hand', 'l\'été \n "n°1"'] as const

/** A picture of 8x8 pixels, another one for every seed. */
const picture = (seed: number) => ({
  height: 8,
  width: 8,
  channels: 1 as const,
  data: Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + seed * 101 + ((seed * index) % 29)) % 256),
})

async function put(file: string, seed: number): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true })
  await writePng(file, picture(seed))
}

describe('looking at images that are not imported', () => {
  let here: Awaited<ReturnType<typeof temporaryFolder>>
  let worker: Awaited<ReturnType<typeof launchWorker>>
  let cowmask: CowMask
  let folder: string

  beforeAll(async () => {
    here = await temporaryFolder()
    folder = join(here.path, 'photos')
    let seed = 0
    for (const name of CLASSES)
      for (let image = 0; image < 4; image += 1)
        await put(join(folder, 'labeled', name, `${String(image)}.png`), seed++)
    for (let image = 0; image < 8; image += 1) await put(join(folder, 'unlabeled', `${String(image)}.png`), seed++)
    await put(join(folder, 'test', CLASSES[0], 'seen.png'), 0)
    await put(join(folder, 'test', CLASSES[1], 'new.png'), seed)
    await writeFile(join(folder, 'labeled', CLASSES[0], 'text.png'), 'no image')
    await symlink('/etc/hostname', join(folder, 'unlabeled', 'link.png'))
    worker = await launchWorker({ dataRoots: { here: here.path }, dataDir: join(here.path, 'datasets') })
    cowmask = worker.cowmask
  })
  afterAll(async () => {
    await worker[Symbol.asyncDispose]()
    await here[Symbol.asyncDispose]()
  })

  it('tells counts, faults by name, equal images and advice, and stores nothing', async () => {
    const before = await readdir(folder, { recursive: true })
    const found = await cowmask.datasets.inspect(folder, { labeled: 13, batchSize: 64 })
    expect(found.dataset).toBeUndefined()
    expect(found.classes.map(({ name, labeled, test, heldOut }) => [name, labeled, test, heldOut])).toEqual(
      [...CLASSES].sort().map((name) => [name, 4, name === CLASSES[2] ? 0 : 1, 0]),
    )
    expect([found.unlabeled, found.images, found.trainCounts]).toEqual([8, 22, [4, 4, 4]])
    const size = { height: 8, width: 8 }
    expect(found.sizes).toEqual({ different: 1, smallest: size, median: size, largest: size })
    expect([found.modes, found.formats]).toEqual([{ L: 22 }, { PNG: 22 }])
    expect(found.unreadable.count).toBe(2)
    expect(found.unreadable.first.map(({ expected }) => expected)).toEqual([
      'a file within the folder',
      'a PNG, JPEG, WebP or BMP image',
    ])
    expect(found.inTrainAndTest).toMatchObject({ groups: 1, images: 2 })
    expect(found.inTrainAndTest.first[0]?.names).toEqual(['labeled/left hand/0.png', 'test/left hand/seen.png'])
    expect(found.labelsAsked).toEqual({ labeled: 13, share: 4, available: 12, below: 0, belowNames: [] })
    expect(found.decision).toMatchObject({ height: 8, width: 8, channels: 1, storage: 'pixels', train: 20 })
    expect(found.cost).toBeUndefined()
    expect(found.advice.map(({ code }) => code)).toEqual([
      'unreadable',
      'train_test_duplicates',
      'duplicates',
      'few_labels',
      'batch_size',
      'image_size',
      'mask_scale',
      'horizontal_flip',
    ])
    expect(found.advice.find(({ code }) => code === 'mask_scale')?.text).toContain('sigma: [1, 4]')
    expect(await readdir(folder, { recursive: true })).toEqual(before)
    expect((await cowmask.datasets.list()).filter(({ imported }) => imported)).toEqual([])
  })

  it('writes a contact sheet', async () => {
    const found = await cowmask.datasets.inspect({ root: 'here', path: 'photos' })
    const sheet = join(here.path, 'sheet.png')
    await found.writeContactSheet(sheet)
    const { height, width, channels } = decodePng(await readFile(sheet))
    expect([height, width, channels]).toEqual([4 + 4 * 68, 180 + 8 * 68, 3])
  })

  it('measures a network on images of the size that an import would choose', async () => {
    const { name, depth, width, dropout } = quick.model
    const model = { name, depth, width, dropout } as const
    const { cost } = await cowmask.datasets.inspect(folder, { model, batchSize: 4, storage: 'pixels' })
    expect(cost).toMatchObject({ platform: 'cpu', batchSize: 4, unlabeledBatchSize: 4, stepsPerEpoch: 5 })
    expect(cost?.datasetBytes).toBe(20 * 64)
    expect(cost?.secondsPerStep).toBeGreaterThan(0)
    // Student, teacher and momentum at least.
    expect(cost?.stepBytes).toBeGreaterThan(3 * 4 * (cost?.parameters ?? Infinity))
    expect(cost?.secondsPerEpoch).toBeCloseTo(5 * (cost?.secondsPerStep ?? 0))
  })

  it('refuses what is no source, and options that have no sense', async () => {
    await expect(cowmask.datasets.inspect(join(here.path, 'photos/labeled'))).rejects.toMatchObject({
      code: 'DATASET_UNUSABLE',
    })
    await expect(cowmask.datasets.inspect(join(here.path, 'nowhere'))).rejects.toThrow(ConfigError)
    await expect(cowmask.datasets.inspect('/etc')).rejects.toThrow(ConfigError)
    const paths = async (options: object, what = 'digits') => {
      const error = await cowmask.datasets.inspect(what, options).catch((reason: unknown) => reason)
      return error instanceof ConfigError ? error.violations.map(({ path }) => path) : error
    }
    expect(await paths({ imageSize: 32, storage: 'files' })).toEqual(['imageSize', 'storage'])
    expect(await paths({ labelled: 3 })).toEqual(['labelled'])
    expect(await paths({ model: { name: 'wide_resnet', depth: 11 } })).toEqual(['model.depth'])
    expect(await paths({}, 'digtis')).toEqual(['name'])
  })

  it('is on the command line, as text and as JSON', async () => {
    const run = async (...more: string[]) => {
      const flags = ['data', 'inspect', folder, '--state-dir', join(here.path, 'state'), '--labeled', '3', ...more]
      return (await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...flags])).stdout
    }
    const sheet = join(here.path, 'from-cli.png')
    const [text, json] = await Promise.all([run(), run('--json', '--contact-sheet', sheet)])
    expect(text).toMatch(/left hand +4 +0 +1/)
    expect(text).toContain('l\'été \\u{a} "n°1"')
    expect(text).toContain('Advice')
    expect(JSON.parse(json)).toMatchObject({
      images: 22,
      labelsAsked: { labeled: 3, share: 1 },
      decision: { height: 8, storage: 'pixels' },
    })
    expect(decodePng(await readFile(sheet)).width).toBe(724)
  })
})
