import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { parse, violationsOf } from '../../sdk/src/config/parse.js'
import { type MessageName, messageSchemas } from '../../sdk/src/config/to-message.js'
import { ConfigError } from '../../sdk/src/errors.js'

/** One config and what is wrong with it. The worker's tests read the same file. */
interface ConfigCase {
  readonly name: string
  readonly message: MessageName
  /** As a script writes it; `{ "$number": "NaN" }` stands for what JSON can't say. */
  readonly config: unknown
  /** "both"; "worker": only the worker, which knows the dataset, refuses it; "sdk": no message can express it. */
  readonly where: 'both' | 'worker' | 'sdk'
  readonly violations: readonly { readonly path: string; readonly rule: string | null; readonly nearest?: string }[]
}

const cases = JSON.parse(
  readFileSync(new URL('config-cases.json', import.meta.url), 'utf8'),
  (_key, value: unknown): unknown =>
    typeof value === 'object' && value !== null && '$number' in value ? Number(value.$number) : value,
) as ConfigCase[]

const found = (message: MessageName, config: unknown) =>
  violationsOf(messageSchemas[message], config)
    .map(({ path, rule, nearest }) => ({ path, rule: rule ?? null, ...(nearest === undefined ? {} : { nearest }) }))
    .sort(byPath)

const byPath = (one: { path: string }, other: { path: string }) => (one.path < other.path ? -1 : 1)

describe('the SDK judges the shared cases', () => {
  it.each(cases.filter(({ where }) => where !== 'worker'))('$name', ({ message, config, violations }) => {
    expect(found(message, config)).toEqual([...violations].sort(byPath))
  })

  it.each(cases.filter(({ where }) => where === 'worker'))('leaves to the worker: $name', ({ message, config }) => {
    expect(found(message, config)).toEqual([])
  })

  it('a schedule of as many boundaries as there may be, and of one more', () => {
    const judged = (count: number) =>
      found('ExperimentConfig', {
        dataset: { name: 'digits' },
        schedule: { kind: 'stepped', boundaries: Array.from({ length: count }, (_, index) => [index / count, 0.5]) },
      })
    expect(judged(100)).toEqual([])
    expect(judged(101)).toEqual([{ path: 'schedule.boundaries', rule: null }])
  })
})

describe('what parse answers and throws', () => {
  it.each(cases.filter(({ violations }) => violations.length === 0))(
    'holds what was set and nothing else: $name',
    ({ message, config }) => {
      expect(parse(messageSchemas[message], config)).toEqual(config)
    },
  )

  it('one error with every violation, each with its path, what is allowed and the nearest name', () => {
    const config = {
      dataset: { name: 'digits' },
      mix: { kind: 'cowmix', sgima: [1, 4], proportion: [0.2, 1.5] },
      steps: 0,
    }
    const refused = () => parse(messageSchemas.ExperimentConfig, config)
    expect(refused).toThrow(ConfigError)
    expect(refused).toThrow(
      [
        '3 options are wrong.',
        '  mix.proportion: must be [low, high], two numbers from 0 to 1; got [0.2, 1.5].',
        '  mix.sgima: is no option here; allowed are kind, weight, confidence, augmentSeparately, mixLogits, sigma, proportion. Did you mean `sigma`?',
        '  steps: must be a whole number from 1 to 100,000,000; got 0.',
      ].join('\n'),
    )
  })
})
