import { describe, expect, it } from 'vitest'

import { networks } from '../../src/config/networks.js'
import { violationsOf } from '../../src/config/parse.js'
import { presets } from '../../src/config/presets.js'
import { messageSchemas } from '../../src/config/to-message.js'

const check = (config: object) => violationsOf(messageSchemas.ExperimentConfig, config)

describe('a preset', () => {
  it.each(Object.entries(presets))('%s breaks no rule', (_, preset) => {
    expect(check(preset)).toEqual([])
  })

  it('of the authors differs from their launcher without a flag in its dataset alone', () => {
    const { cifar10_1000, cifar100_10000 } = presets
    expect({ ...cifar100_10000, dataset: cifar10_1000.dataset }).toEqual(cifar10_1000)
  })
})

describe('a network of the authors', () => {
  it.each(Object.entries(networks))('%s breaks no rule', (_, model) => {
    expect(check({ dataset: { name: 'cifar10' }, model })).toEqual([])
  })

  it('is one of sixteen', () => {
    expect(Object.keys(networks)).toHaveLength(16)
  })
})
