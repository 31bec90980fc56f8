import { expect, test } from 'vitest'

import { growth, rowOf, tableOf } from '../../bench/scaling/growth.js'

const sizes = [1, 10, 100, 1000, 10_000]

test('growth is the power of the size, whatever a start costs', () => {
  expect(growth(sizes, sizes)).toBeCloseTo(1)
  expect(
    growth(
      sizes,
      sizes.map((size) => 3 * size ** 2 + 100),
    ),
  ).toBeCloseTo(2, 2)
  expect(
    growth(
      sizes,
      sizes.map(() => 7),
    ),
  ).toBeCloseTo(0)
  expect(growth([1, 2], [1, 8])).toBeCloseTo(3)
})

test('what grows faster than the work is told', () => {
  const column = { name: 'time', file: 'time', unit: 'ms', work: sizes }
  const judged = (values: readonly number[]) => {
    const axis = { name: 'runs', file: 'runs', sizes, columns: [{ ...column, values }] }
    return rowOf(axis, { ...column, values }, 'runs.md')
  }
  expect(judged(sizes)).toMatchObject({ ok: true, ratio: 1 })
  expect(judged(sizes.map(Math.sqrt)).ok).toBe(true)
  const squared = judged(sizes.map((size) => size ** 2))
  expect(squared.ok).toBe(false)
  expect(squared.ratio).toBeCloseTo(2)
  const columns = [{ ...column, values: [1, 2, 3, 4, 512.3] }]
  expect(tableOf({ name: 'runs', file: 'runs', sizes, columns }).split('\n')).toEqual([
    '| runs | time, ms |',
    '| ---: | ---: |',
    '| 1 | 1.00 |',
    '| 10 | 2.00 |',
    '| 100 | 3.00 |',
    '| 1,000 | 4.00 |',
    '| 10,000 | 512 |',
    '',
  ])
})
