import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type CowMask, ConfigError, type Split } from 'cowmask'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { launchWorker, quick, temporaryFolder } from './worker.js'

const program = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))

const options = { labeled: 40, seed: 1, validation: 100, validationSeed: 7, excludeLabeled: true } as const
const config = { ...quick, steps: 4 }

let worker: Awaited<ReturnType<typeof launchWorker>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let cowmask: CowMask
let dataDir: string
let split: Split
beforeAll(async () => {
  folder = await temporaryFolder()
  dataDir = join(folder.path, 'datasets')
  worker = await launchWorker({ dataDir })
  cowmask = worker.cowmask
  split = await cowmask.splits.create({ dataset: 'digits', ...options })
})
afterAll(async () => {
  await worker[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const kept = (fingerprint: string) => join(dataDir, '.splits', 'digits', `${fingerprint}.json`)
const inside = (name: string) => join(folder.path, name)

/** A .npy file of 64-bit integers, as numpy writes it. */
function npy(values: readonly number[]): Uint8Array {
  const header = `{'descr': '<i8', 'fortran_order': False, 'shape': (${String(values.length)},), }`
  const padded = `${header.padEnd(117)}\n`
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length, 0])
  const data = Buffer.from(new BigInt64Array(values.map(BigInt)).buffer)
  return Buffer.concat([start, Buffer.from(padded), data])
}

/** Places of the labeled images, out of their names. */
const placesOf = (text: string) =>
  (JSON.parse(text) as { labeled: { name: string }[] }).labeled.map(({ name }) => Number(name.replace('train/', '')))

describe('a split', () => {
  it('that is created is the one that a run with the same options draws, result and all', async () => {
    expect(split.counts.labeled).toEqual(Array(10).fill(4))
    expect(split.counts.validation.reduce((total, each) => total + each)).toBe(100)
    expect(split.counts).toMatchObject({ unlabeled: 1437 - 100 - 40, test: 360 })
    const { validation, validationSeed, excludeLabeled, labeled, seed } = options
    expect(split.rule).toEqual({
      kind: 'drawn',
      ...{ labeled, seed, validation, validationSeed, excludeLabeled },
      ownValidation: 0,
    })
    expect(split.first.labeled).toHaveLength(10)
    expect(split.first.labeled[0]).toMatch(/^train\/\d+$/)

    const drawn = await cowmask.experiments.start({ ...config, dataset: { name: 'digits', ...options } })
    const named = await cowmask.experiments.start({
      ...config,
      dataset: { name: 'digits', split: split.fingerprint },
    })
    expect(named.config.dataset).toEqual({ name: 'digits', ...options, split: split.fingerprint })
    const [one, other] = [await drawn.result(), await named.result()]
    expect([drawn.split, named.split]).toEqual([split.fingerprint, split.fingerprint])
    expect(other.checkpoint).toEqual(one.checkpoint)
    expect((await cowmask.experiments.get(drawn.id)).split).toBe(split.fingerprint)
    for (const name of ['validation', 'train'] as const)
      expect(await cowmask.models.evaluate({ run: named.id, split: name })).toEqual(
        await cowmask.models.evaluate({ run: drawn.id, split: name }),
      )
    expect(await cowmask.splits.compare(drawn, named)).toEqual([])

    const another = await cowmask.splits.create({ ...options, dataset: 'digits', seed: 2 })
    const differences = await cowmask.splits.compare(drawn, another)
    expect(differences[0]).toMatch(/^Only in the first: \d+ of 40 labeled images: train\//)
    expect(differences).toContain("The rule's seed is 1 in the first, 2 in the second.")
  })

  it('goes out as a file and comes in again, here and at another worker', async () => {
    const file = inside('split.json')
    await split.write(file)
    const text = await readFile(file, 'utf8')
    expect(await cowmask.splits.export(split)).toBe(text)
    expect(text.split('\n').filter((line) => line.includes('"class":'))).toHaveLength(140)
    const seen = await cowmask.splits.inspect({ file })
    expect(seen).toEqual(split)
    expect(await cowmask.splits.inspect(split)).toEqual(split)
    expect((await cowmask.splits.list('digits')).map(({ fingerprint }) => fingerprint)).toContain(split.fingerprint)

    await using elsewhere = await launchWorker({ dataDir: inside('elsewhere') })
    const imported = await elsewhere.cowmask.splits.import({ dataset: 'digits', format: 'cowmask', file })
    expect(imported).toEqual(split)
    expect(await elsewhere.cowmask.splits.export(imported)).toBe(text)
  })

  it('is read from a list of USB; of the same images the first one that came stays', async () => {
    const text = await cowmask.splits.export(split)
    const file = inside('lb_labels40_1_seed1_idx.npy')
    await writeFile(file, npy(placesOf(text).reverse()))
    const foreign = { dataset: 'digits', format: 'usb', file } as const
    const list = await cowmask.splits.import({ ...foreign, validation: 50 })
    expect(list.rule).toMatchObject({ kind: 'imported', format: 'usb', file: 'lb_labels40_1_seed1_idx.npy' })
    expect(list.counts.labeled).toEqual(split.counts.labeled)
    expect(list.notes).toEqual([])
    expect(placesOf(await cowmask.splits.export(list))).toEqual(placesOf(text).reverse())

    const plain = await cowmask.splits.create({ dataset: 'digits', labeled: 40, seed: 3 })
    await writeFile(file, npy(placesOf(await cowmask.splits.export(plain)).reverse()))
    const again = await cowmask.splits.import(foreign)
    expect(again.fingerprint).toBe(plain.fingerprint)
    expect(again.rule).toEqual(plain.rule)
    expect(again.notes).toContain('The labeled images stand in another order.')
  })
})

describe('what is no split', () => {
  const unknown = 'f'.repeat(64)

  it('is refused before a run is queued, with those that are there', async () => {
    const start = cowmask.experiments.start({ ...config, dataset: { name: 'digits', split: unknown } })
    const error: unknown = await start.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).violations.map(({ path }) => path)).toEqual(['dataset.split'])
    expect((error as ConfigError).message).toContain(split.fingerprint)
    await expect(cowmask.splits.inspect({ dataset: 'digits', fingerprint: unknown })).rejects.toMatchObject({
      violations: [{ path: 'fingerprint' }],
    })
    await expect(cowmask.splits.export({ dataset: 'nothing', fingerprint: unknown })).rejects.toMatchObject({
      violations: [{ path: 'dataset' }],
    })
    const fewer = { dataset: 'digits', labeled: 9, validation: 0 }
    await expect(cowmask.splits.create(fewer)).rejects.toMatchObject({ violations: [{ path: 'labeled' }] })
    const large = { ...config, unlabeledBatchSize: 1298, dataset: { name: 'digits', split: split.fingerprint } }
    await expect(cowmask.experiments.start(large)).rejects.toMatchObject({
      violations: [{ path: 'unlabeledBatchSize' }],
    })
  })

  it('is told with file, what was expected and what was found', async () => {
    const text = await cowmask.splits.export(split)
    const file = inside('changed.json')
    const stranger = text.replace(/"digest": "[0-9a-f]{64}"/, `"digest": "${unknown}"`)
    await writeFile(file, stranger)
    const damaged = {
      code: 'SPLIT_DAMAGED',
      message: expect.stringMatching(/changed\.json: expected .*found/) as string,
    }
    await expect(cowmask.splits.inspect({ file })).rejects.toMatchObject(damaged)
    await expect(cowmask.splits.import({ dataset: 'digits', format: 'cowmask', file })).rejects.toMatchObject(damaged)
    const usb = { dataset: 'digits', format: 'usb', file } as const
    await expect(cowmask.splits.import(usb)).rejects.toMatchObject(damaged)
    await expect(
      cowmask.splits.import({ dataset: 'digits', format: 'cowmask', file, validation: 3 } as never),
    ).rejects.toMatchObject({ violations: [{ path: 'validation' }] })
    await expect(cowmask.splits.inspect({ file: inside('missing.json') })).rejects.toMatchObject({
      violations: [{ path: 'file' }],
    })
  })

  it('is found where it is kept, too, and is put right by creating it again', async () => {
    const own = await cowmask.splits.create({ dataset: 'digits', labeled: 40, seed: 9 })
    const run = await cowmask.experiments.start({
      ...config,
      steps: 100_000,
      dataset: { name: 'digits', split: own.fingerprint },
    })
    for await (const event of run.events()) if (event.type === 'metrics') break
    await run.cancel()
    expect((await run.finished()).state).toBe('cancelled')
    const file = kept(own.fingerprint)
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('"labeled": 40', '"labeled": 41'))
    const damaged = { code: 'SPLIT_DAMAGED', message: expect.stringContaining(file) as string }
    await expect(run.resume()).rejects.toMatchObject(damaged)
    await expect(cowmask.splits.export(own)).rejects.toMatchObject(damaged)
    expect((await cowmask.splits.list('digits')).map(({ fingerprint }) => fingerprint)).not.toContain(own.fingerprint)
    await writeFile(file, await readFile(kept(split.fingerprint)))
    await expect(run.resume()).rejects.toMatchObject(damaged)
    expect(await cowmask.splits.create({ dataset: 'digits', labeled: 40, seed: 9 })).toEqual(own)
    expect(await readFile(file, 'utf8')).toBe(text)
  })
})

it('the command line creates, shows, lists, exports and imports', async () => {
  const flags = ['--data-dir', inside('command line'), '--state-dir', inside('state'), '--json']
  const run = async (...words: string[]) => {
    const all = ['--import', 'tsx', program, 'data', 'split', ...words, ...flags]
    return JSON.parse((await promisify(execFile)(process.execPath, all)).stdout) as unknown
  }
  const facts = { fingerprint: split.fingerprint, rule: split.rule, counts: split.counts, first: split.first }
  const words = ['--labeled', '40', '--seed', '1', '--validation', '100', '--validation-seed', '7', '--exclude-labeled']
  expect(await run('create', 'digits', ...words)).toMatchObject(facts)
  const file = inside('out.json')
  expect(await run('export', 'digits', split.fingerprint, file)).toMatchObject({ file })
  expect(await readFile(file, 'utf8')).toBe(await cowmask.splits.export(split))
  expect(await run('show', file)).toMatchObject(facts)
  expect(await run('list', 'digits')).toMatchObject([facts])
  expect(await run('import', 'digits', file)).toMatchObject(facts)
})
