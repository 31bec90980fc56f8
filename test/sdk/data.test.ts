import { execFile } from 'node:child_process'
import { mkdir, open, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { ConfigError, CowMaskError, launch, prepareDataset } from 'cowmask'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { FASHION_COUNTS, writeFashionMnist } from '../fashion-mnist.js'
import { temporaryFolder } from './worker.js'

const program = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))

describe('datasets that have to be prepared', () => {
  let here: Awaited<ReturnType<typeof temporaryFolder>>
  let official: string
  let dataDir: string

  beforeAll(async () => {
    here = await temporaryFolder()
    official = join(here.path, 'official')
    dataDir = join(here.path, 'datasets')
    await mkdir(official)
    await writeFashionMnist(official)
  })
  afterAll(() => here[Symbol.asyncDispose]())

  const python = process.env.COWMASK_WORKER_PYTHON
  const prepare = (options: object = {}) =>
    prepareDataset('fashion_mnist', { from: official, dataDir, python, ...options })

  it('are refused before a run begins, with the command that helps', async () => {
    await using cowmask = await launch({ stateDir: join(here.path, 'state'), dataDir: join(here.path, 'none') })
    const config = { dataset: { name: 'fashion_mnist', labeled: 100 }, steps: 1 } as const
    await expect(cowmask.experiments.start(config)).rejects.toMatchObject({
      code: 'DATASET_NOT_PREPARED',
      hint: expect.stringContaining('npx cowmask data prepare fashion_mnist') as string,
    })
    const sets = await cowmask.datasets.list()
    expect(sets.filter(({ ready }) => ready).map(({ name }) => name)).toEqual(['digits'])
  })

  it('are not taken if they are not what their makers publish', async () => {
    const error = await prepare().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CowMaskError)
    expect(error).toMatchObject({ code: 'DATASET_DAMAGED' })
    expect(String(error)).toMatch(/MD5 \w{32} that its makers publish/)
  })

  it('say where they were looked for, and what cannot be prepared', async () => {
    const nowhere = join(here.path, 'nowhere')
    await mkdir(nowhere)
    await expect(prepare({ from: nowhere })).rejects.toMatchObject({ code: 'DATASET_NOT_PREPARED' })
    await expect(prepare({ from: nowhere })).rejects.toThrow(join(nowhere, 'train-images-idx3-ubyte.gz'))
    await expect(prepareDataset('digits', { python })).rejects.toThrow(ConfigError)
    await expect(prepareDataset('fashion_mnist', { form: official } as object)).rejects.toThrow(ConfigError)
  })

  it('F6: are prepared by the command line, train, and are refused once a byte is another', async () => {
    const before = await readdir(official)
    const flags = [
      'data',
      'prepare',
      'fashion_mnist',
      '--from',
      official,
      '--no-digests',
      '--data-dir',
      dataDir,
      '--json',
    ]
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...flags])
    const folder = join(dataDir, 'fashion_mnist')
    expect(JSON.parse(stdout)).toEqual({ name: 'fashion_mnist', folder })
    expect(await readdir(official)).toEqual(before)

    await using cowmask = await launch({ stateDir: join(here.path, 'state'), dataDir })
    const { dataset, trainCounts, testCounts } = await cowmask.datasets.inspect('fashion_mnist')
    expect(dataset).toMatchObject({
      ready: true,
      train: FASHION_COUNTS.train,
      test: FASHION_COUNTS.t10k,
    })
    expect([trainCounts, testCounts]).toEqual([Array(10).fill(6000), Array(10).fill(1000)])

    const run = await cowmask.experiments.start({
      dataset: { name: 'fashion_mnist', labeled: 20 },
      model: { name: 'wide_resnet', depth: 10, width: 1, dropout: 0 },
      batchSize: 4,
      steps: 2,
      evaluateEvery: 2,
    })
    const { teacher } = await run.result()
    expect(teacher.error).toBeLessThanOrEqual(1)

    const images = join(folder, 'images.safetensors')
    const size = (await readFile(images)).length
    const file = await open(images, 'r+')
    await file.write(Uint8Array.of(7), 0, 1, size - 1000)
    await file.close()
    await expect(cowmask.datasets.inspect('fashion_mnist')).rejects.toMatchObject({ code: 'DATASET_DAMAGED' })
  })
})
