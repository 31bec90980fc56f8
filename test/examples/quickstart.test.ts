import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { USAGE, UsageError, readArguments } from '../../examples/quickstart/arguments.js'
import { quantile, spread } from '../../examples/quickstart/paired-interval.js'
import { readPng } from '../../sdk/src/report/png.js'
import { inFolder, runExample } from './run-example.js'

const PROGRAM = 'quickstart/main.ts'

interface Errors {
  readonly teacherError: number
  readonly studentError: number
}

interface Report {
  readonly seeds: readonly number[]
  readonly labeled: number
  readonly steps: number
  readonly supervised: Errors
  readonly cowmix: Errors
  readonly perSeed: readonly { readonly supervised: Errors; readonly cowmix: Errors }[]
  readonly files: readonly string[]
}

describe('the quick start', () => {
  it('stops at Ctrl-C, says how to go on, goes on, and prints one JSON object', () =>
    inFolder(async (folder) => {
      const args = ['--steps', '60', '--out', folder]
      const interrupted = await runExample(PROGRAM, args, folder, (child, text) => {
        if (/^ +step \d/m.test(text)) child.kill('SIGINT')
      })
      expect(interrupted).toMatchObject({ code: 130, stderr: '' })
      expect(interrupted.stdout).toContain('labels only, seed 1 of 1')
      expect(interrupted.stdout).toContain('Stopping: the run writes a checkpoint.')
      expect(interrupted.stdout).toContain(`npm run quickstart -- --resume ${args.join(' ')}\n`)

      const { code, stdout, stderr } = await runExample(PROGRAM, ['--resume', '--json', ...args], folder)
      expect(code, stderr).toBe(0)
      expect(stdout.trimEnd().split('\n')).toHaveLength(1)
      const report = JSON.parse(stdout) as Report
      expect(report).toMatchObject({ seeds: [1], labeled: 40, steps: 60 })
      for (const { teacherError, studentError } of [report.supervised, report.cowmix])
        for (const error of [teacherError, studentError]) {
          expect(error).toBeGreaterThan(0)
          expect(error).toBeLessThan(1)
        }
      expect(report.perSeed[0]).toMatchObject({ supervised: { teacherError: report.supervised.teacherError } })
      expect(stderr).toContain('With CowMix the teacher makes')

      const names = ['masks.png', 'curves.svg', 'result.json'].map((name) => join(folder, name))
      expect(report.files).toEqual(names)
      const sheet = await readPng(join(folder, 'masks.png'))
      expect([sheet.height, sheet.width]).toEqual([6 * 70 + 6, 10 * 70 + 6])
      const svg = await readFile(join(folder, 'curves.svg'), 'utf8')
      for (const curve of ['labels only, teacher', 'labels only, student', 'CowMix, teacher', 'CowMix, student'])
        expect(svg).toContain(`>${curve}</text>`)
      expect(JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'))).toEqual(report)
    }))

  it('refuses a wrong command line with the usage and exit code 2', () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await runExample(PROGRAM, ['--sedes', '5'], folder)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain("Unknown option '--sedes'")
      expect(stderr).toContain(USAGE)
    }))
})

describe('the command line', () => {
  it.each([
    [['--seeds', '0'], "--seeds must be a whole number from 1 to 100; got '0'."],
    [['--seeds', 'three'], "--seeds must be a whole number from 1 to 100; got 'three'."],
    [['--seeds', '101'], '--seeds must be a whole number from 1 to 100'],
    [['--steps', '1.5'], '--steps must be a whole number'],
    [['--steps'], 'argument missing'],
    [['5'], "Unexpected argument '5'"],
  ])('%j is refused', (args, message) => {
    expect(() => readArguments(args)).toThrow(UsageError)
    expect(() => readArguments(args)).toThrow(message)
  })

  it('counts seeds from 1, and stands for the preset by itself', () => {
    expect(readArguments(['--seeds', '3', '--out', 'x', '--json'])).toMatchObject({
      seeds: [1, 2, 3],
      out: 'x',
      json: true,
    })
    expect(readArguments([])).toMatchObject({
      seeds: [1],
      steps: 900,
      out: 'out/quickstart',
      json: false,
      resume: false,
    })
  })
})

describe('the interval over seeds', () => {
  // Critical values as printed in tables of Student's distribution.
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [9, 2.2622],
    [30, 2.0423],
    [99, 1.9842],
  ])('takes the quantile for %i degrees of freedom', (freedom, value) => {
    expect(quantile(0.975, freedom)).toBeCloseTo(value, 4)
  })

  it('holds mean, spread and interval of paired differences', () => {
    const { mean, deviation, interval } = spread([0.1, 0.12, 0.08, 0.11, 0.09])
    expect(mean).toBeCloseTo(0.1, 12)
    expect(deviation).toBeCloseTo(Math.sqrt(0.00025), 12)
    const half = (2.776445 * Math.sqrt(0.00025)) / Math.sqrt(5)
    expect(interval?.[0]).toBeCloseTo(0.1 - half, 7)
    expect(interval?.[1]).toBeCloseTo(0.1 + half, 7)
    expect(spread([0.1])).toEqual({ mean: 0.1, deviation: 0 })
  })
})
