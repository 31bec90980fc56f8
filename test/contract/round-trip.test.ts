import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { fromMessage, resolvedExperimentConfig } from '../../sdk/src/config/from-message.js'
import type { Bounds } from '../../sdk/src/config/option.js'
import { type OptionRow, optionsTable } from '../../sdk/src/config/options-table.js'
import { violationsOf } from '../../sdk/src/config/parse.js'
import { type Message, type MessageName, messageSchemas, toMessage } from '../../sdk/src/config/to-message.js'
import { message } from '../../sdk/src/transport/contract.js'

/** What arrives of a message at the other end. */
function overTheWire(name: MessageName, sent: Message): Message {
  const type = message<Message>(name)
  return type.deserialize(type.serialize(sent))
}

const camelCase = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())

const number = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Bounds): fc.Arbitrary<number> => {
  const low = minimum ?? exclusiveMinimum ?? -1e300
  const high = maximum ?? exclusiveMaximum ?? 1e300
  return fc.double({
    min: low,
    max: high,
    minExcluded: exclusiveMinimum !== undefined,
    maxExcluded: exclusiveMaximum !== undefined,
    noNaN: true,
  })
}

/** Depths that there are of a network. */
function depths(path: string): fc.Arbitrary<number> {
  const blocks = fc.integer({ min: 1, max: 111 })
  switch (path) {
    case 'model.wide_resnet.depth':
      return blocks.map((n) => 6 * n + 4)
    case 'model.shake_shake.depth':
      return blocks.map((n) => 6 * n + 2)
    case 'model.pyramidnet.depth':
      return blocks.map((n) => 9 * n + 2)
    default:
      return fc.constantFrom(14, 26, 50, 101, 152)
  }
}

function valueOf(row: OptionRow): fc.Arbitrary<unknown> {
  switch (row.type) {
    case 'uint32':
      // Kept small for shapes, so that a request stays below the limit of elements.
      if (['count', 'height', 'width'].includes(row.path)) return fc.integer({ min: 1, max: 256 })
      if (row.path.endsWith('.depth')) return depths(row.path)
      if (row.path === 'channels') return fc.constantFrom(1, 3, 4)
      return fc.integer({ min: row.minimum as number, max: row.maximum as number })
    case 'double':
      return number(row as Bounds)
    case 'bool':
      return fc.boolean()
    case 'string':
      return fc.constantFrom(...((row.allowed ?? row.known) as string[]))
    case 'Range':
      return fc
        .tuple(number(row as Bounds), number(row as Bounds))
        .map(([one, other]) => (one <= other ? [one, other] : [other, one]))
    case 'Boundary[]':
      return fc
        .uniqueArray(number(row.at as Bounds), {
          minLength: 1,
          maxLength: 4,
          comparator: 'IsStrictlyEqual',
        })
        .chain((ats) =>
          fc.tuple(
            ...[...ats]
              .sort((one, other) => one - other)
              .map((at) => fc.tuple(fc.constant(at), number({ minimum: 0 }))),
          ),
        )
    default:
      throw new Error(`no values for ${row.type}`)
  }
}

/** Every config that the table allows: each option set or not. */
function configsOf(rows: readonly OptionRow[], prefix = ''): fc.Arbitrary<Record<string, unknown>> {
  const below = rows.filter(({ path }) => path.startsWith(prefix))
  const oneof = rows.find(({ path, type }) => type === 'oneof' && path === prefix.slice(0, -1))
  const cases = (oneof?.cases ?? []) as string[]
  const names = [...new Set(below.map(({ path }) => path.slice(prefix.length).split('.')[0] ?? ''))].filter(
    (name) => name !== '' && !cases.includes(name),
  )
  const own = fc.record(
    Object.fromEntries(
      names.map((name) => {
        const path = `${prefix}${name}`
        const row = below.find((candidate) => candidate.path === path && candidate.type !== 'oneof')
        return [camelCase(name), row === undefined ? configsOf(rows, `${path}.`) : valueOf(row)]
      }),
    ),
    {
      requiredKeys: names
        .filter((name) => below.some(({ path, required }) => required === true && path.startsWith(`${prefix}${name}`)))
        .map(camelCase),
    },
  )
  if (oneof === undefined) return own
  return fc
    .oneof(
      ...cases.map((name) =>
        configsOf(rows, `${prefix}${name}.`).map((fields) => ({ [String(oneof.name)]: name, ...fields })),
      ),
    )
    .chain((inCase) => own.map((shared) => ({ ...shared, ...inCase })))
}

describe.each(Object.entries(optionsTable().messages))('%s', (key, rows) => {
  const name = key as MessageName
  const configs = configsOf(rows).map((config) => {
    if ('steps' in config) delete config.epochs
    if (config.studentPasses === 'together') delete config.unlabeledBatchSize
    return config
  })

  it('comes back from the wire as it was written', () => {
    fc.assert(
      fc.property(configs, (config) => {
        expect(violationsOf(messageSchemas[name], config)).toEqual([])
        const arrived = overTheWire(name, toMessage(name, config as never))
        expect(fromMessage(name, arrived)).toEqual(config)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a resolved config', () => {
  const complete = {
    dataset: {
      name: 'digits',
      labeled: 40,
      seed: 1,
      validation: 0,
      validationSeed: 131,
      excludeLabeled: false,
      split: 'rule',
    },
    model: { name: 'wide_resnet', depth: 10, width: 1, dropout: 0 },
    perturb: { kind: 'none' },
    mix: {
      kind: 'ict',
      weight: 30,
      confidence: { threshold: 0.6, average: true, source: 'mixed_confidences' },
      augmentSeparately: false,
      mixLogits: false,
      alpha: 0.1,
    },
    augmentation: {
      shift: 1,
      horizontalFlip: false,
      cropArea: [1, 1],
      resample: 'antialias',
      colorJitter: false,
      grayscale: 0,
    },
    optimizer: { learningRate: 0.2, momentum: 0.9, nesterov: true, l2: 5e-4, weightDecay: 0 },
    schedule: { kind: 'stepped', boundaries: [[0.5, 0.2]], warmup: 0 },
    teacher: { alpha: 0.97, anneal: false },
    batchSize: 64,
    unlabeledBatchSize: 64,
    steps: 600,
    evaluateEvery: 30,
    checkpointEvery: 120,
    seed: 0,
    nonFiniteLoss: 'halt',
    precision: 'float32',
    studentPasses: 'separate',
    strictParity: false,
    randomStream: 'current',
  } as const
  const arrived = (config: object) => overTheWire('ExperimentConfig', toMessage('ExperimentConfig', config as never))

  it('is read whole, and is itself a config to start from', () => {
    const config = resolvedExperimentConfig(arrived(complete))
    expect(config).toEqual(complete)
    expect(violationsOf(messageSchemas.ExperimentConfig, config)).toEqual([])
  })

  it('is refused if the worker left something out, with the name of it', () => {
    const mix = { ...complete.mix, alpha: undefined }
    expect(() => resolvedExperimentConfig(arrived({ ...complete, mix }))).toThrow('mix.alpha')
  })
})
