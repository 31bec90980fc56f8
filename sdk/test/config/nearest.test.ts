import { describe, expect, it } from 'vitest'

import { nearest } from '../../src/config/nearest.js'

describe('nearest', () => {
  it.each([
    ['sgima', 'sigma', 'neighbors swapped'],
    ['sigm', 'sigma', 'a letter left out'],
    ['sigmaa', 'sigma', 'a letter too many'],
    ['proportoin', 'proportion', 'in a longer word'],
    ['Learning_Rate', 'learningRate', 'another way of writing it'],
    ['proprtons', 'proportion', 'three edits in nine letters'],
  ])('%s is %s: %s', (written, meant) => {
    expect(nearest(written, ['weight', 'learningRate', 'proportion', 'sigma'])).toBe(meant)
  })

  it.each(['banana', 'x', ''])('%s is none of them', (written) => {
    expect(nearest(written, ['weight', 'learningRate', 'proportion', 'sigma'])).toBeUndefined()
  })

  it('takes the nearest of several, and the first of equals', () => {
    expect(nearest('cutmox', ['cutout', 'cowmix', 'cutmix'])).toBe('cutmix')
    expect(nearest('bat', ['cat', 'hat'])).toBe('cat')
  })
})
