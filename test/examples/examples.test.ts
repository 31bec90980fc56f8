import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { prepareDataset, readWeights } from 'cowmask'
import { readPng } from '../../sdk/src/report/png.js'
import { writeFashionMnist } from '../fashion-mnist.js'
import { inFolder, runExample } from './run-example.js'

const STEPS = 4

// The schedule is part of the compiled program: scripts that train the same experiment equally long share it.
const SHARED_STEPS = '60'

/** Runs an example that must succeed, and answers what it printed. */
async function printed(name: string, args: readonly string[], stateDir: string): Promise<string> {
  const { code, stdout, stderr } = await runExample(name, args, stateDir)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('examples', () => {
  it('train.ts trains, tells every step, and predicts', () =>
    inFolder(async (folder) => {
      const stdout = await printed('train.ts', ['--steps', String(STEPS), '--out', folder], folder)
      const lines = stdout.trimEnd().split('\n')
      const steps = lines.flatMap((line) => /^(\d+) [\d.e-]+ [\d.e-]+$/.exec(line)?.[1] ?? [])
      expect(steps).toEqual(Array.from({ length: STEPS }, (_, step) => String(step)))
      const predictions = lines.flatMap(
        (line) => /^digit \d is taken for (\d), probability ([\d.]+)$/.exec(line)?.[2] ?? [],
      )
      expect(predictions).toHaveLength(10)
      for (const probability of predictions) expect(Number(probability)).toBeGreaterThanOrEqual(0.1)

      const { height, width, data } = await readPng(join(folder, 'masks.png'))
      expect([height, width]).toEqual([4 * 68 + 4, 4 * 68 + 4])
      expect(new Set(data)).toEqual(new Set([0, 255, 96, 128, 192]))
    }))

  it('masks.ts writes four sheets, larger sigma making fewer edges', () =>
    inFolder(async (folder) => {
      const stdout = await printed('masks.ts', ['--out', folder], folder)
      expect(stdout.trimEnd().split('\n')).toHaveLength(4)
      const edges = async (name: string) => {
        const { data } = await readPng(join(folder, name))
        let count = 0
        for (let at = 3; at < data.length; at += 3) if (data[at] !== data[at - 3]) count += 1
        return count
      }
      const [small, large] = [await edges('cow-small.png'), await edges('cow-large.png')]
      expect(small).toBeGreaterThan(2 * large)
      expect(await edges('box.png')).toBeGreaterThan(0)
    }))

  it('erase-and-mix.ts takes the pictures that it ships, or PNGs of the user', () =>
    inFolder(async (folder) => {
      const files = ['cowmix.png', 'cutmix.png', 'ict.png', 'cowout.png', 'cutout.png']
      await printed('erase-and-mix.ts', ['--out', folder], folder)
      for (const file of files) await readPng(join(folder, file))

      // An 8-fold copy of pixel (row, column) of the picture in a place of the sheet.
      const sheet = await readPng(join(folder, 'cowmix.png'))
      const pixel = (row: number, column: number, y: number, x: number) =>
        sheet.data[((4 + row * 68 + y * 8) * sheet.width + 4 + column * 68 + x * 8) * 3]
      for (let y = 0; y < 8; y += 1)
        for (let x = 0; x < 8; x += 1)
          for (const [own, partner] of [
            [0, 1],
            [1, 0],
          ] as const)
            expect(pixel(2, own, y, x)).toBe(pixel(0, pixel(1, own, y, x) === 255 ? partner : own, y, x))

      const mine = await printed('erase-and-mix.ts', ['--out', folder, join(folder, 'cowout.png')], folder)
      expect(mine.trimEnd().split('\n')).toHaveLength(files.length + 1)
    }))

  it('compare.ts trains both and draws both', () =>
    inFolder(async (folder) => {
      const stdout = await printed('compare.ts', ['--steps', SHARED_STEPS, '--out', folder], folder)
      expect(stdout).toMatch(/CowMix: [\d.]+ % of the test images wrong\nCutMix: [\d.]+ % of the test images wrong\n/)
      const svg = await readFile(join(folder, 'compare.svg'), 'utf8')
      expect(svg.match(/<text[^>]*>(CowMix|CutMix)<\/text>/g)).toHaveLength(2)
    }))

  it('resume.ts stops a run, and another process takes it to its end', () =>
    inFolder(async (folder) => {
      const first = await printed('resume.ts', ['--steps', SHARED_STEPS], folder)
      const [, stopped] = /cancelled at step (\d+)/.exec(first) ?? []
      const [id] = /run_\w+/.exec(first) ?? []
      expect(Number(stopped)).toBeGreaterThanOrEqual(30)
      expect(Number(stopped)).toBeLessThan(60)
      if (id === undefined) throw new Error('the example told no id')
      const second = await printed('resume.ts', [id], folder)
      expect(second).toContain('reading the checkpoint\n')
      expect(second).toMatch(/attempt 2 reached step 60: [\d.]+ % of the test images wrong/)
    }))

  it('parity.ts finds everything as the authors have recorded it', () =>
    inFolder(async (folder) => {
      const stdout = await printed('parity.ts', [], folder)
      const lines = stdout.trimEnd().split('\n')
      expect(lines.pop()).toBe('everything agrees')
      for (const line of lines) expect(line).toMatch(/^ok {4} .+: (equal|\d\.\de-\d+), allowed \de-\d$/)
      for (const part of ['CowMasks mix224', 'perturb/cowout', 'mix/cowmix', 'metrics', "the teacher's 108 leaves"])
        expect(stdout).toContain(part)
    }))

  it('import-weights.ts lets weights go out under the names of the authors and come back', () =>
    inFolder(async (folder) => {
      const stdout = await printed('import-weights.ts', ['--out', folder], folder)
      expect(stdout).toMatch(
        /weights\.npz {2}48 arrays, such as BatchNorm_3\/bias\nrun_\w+ gives the same answers: \d, \d\n/,
      )
      const weights = await readWeights(join(folder, 'weights.npz'))
      expect(weights.get('init_conv/kernel')?.shape).toEqual([3, 3, 1, 16])
    }))

  it('fashion-mnist.ts trains both ways on the same labels', () =>
    inFolder(async (folder) => {
      const official = join(folder, 'official')
      await mkdir(official)
      await writeFashionMnist(official)
      await prepareDataset('fashion_mnist', {
        from: official,
        checkDigests: false,
        dataDir: join(folder, 'datasets'),
        python: process.env.COWMASK_WORKER_PYTHON,
      })
      const stdout = await printed('fashion-mnist.ts', ['--steps', '1', '--seeds', '1'], folder)
      const result = String.raw`teacher [\d.]+ %, student [\d.]+ % wrong\n`
      expect(stdout).toMatch(new RegExp(`^seed 0, labels alone: ${result}seed 0, CowMix: ${result}$`))
    }))

  it('own-images.ts trains on a folder of image files and ends with a predictor', () =>
    inFolder(async (folder) => {
      const stdout = await printed('own-images.ts', ['--steps', '2', '--out', folder], folder)
      expect(stdout).toContain('10 classes, 100 labeled and 1,000 unlabeled images; 697 images to test with\n')
      expect(stdout).toMatch(/run_\w+: the teacher answers [\d.]+ % of the test images wrongly\n/)
      const [header, first, ...others] = (await readFile(join(folder, 'predictions.csv'), 'utf8')).trimEnd().split('\n')
      expect(header).toBe('path,label,confidence,problem')
      expect(first).toMatch(/^0-010\.png,\d,0\.\d+,$/)
      expect(others).toHaveLength(999)
      expect((await readWeights(join(folder, 'model.safetensors'))).get('parameters/dense/kernel')?.shape).toEqual([
        64, 10,
      ])
    }))

  it('are all run here', async () => {
    const scripts = (await readdir(new URL('../../examples', import.meta.url))).filter((name) => name.endsWith('.ts'))
    expect(scripts.sort()).toEqual([
      'compare.ts',
      'erase-and-mix.ts',
      'fashion-mnist.ts',
      'import-weights.ts',
      'masks.ts',
      'own-images.ts',
      'parity.ts',
      'resume.ts',
      'train.ts',
    ])
  })
})
