import type { Row } from '../row.js'

/** One thing that was measured at every size, and the work that it should grow like. */
export interface Measured {
  readonly name: string
  /** For the name of its chart's file. */
  readonly file: string
  readonly unit: string
  readonly values: readonly number[]
  readonly work: readonly number[]
}

/** A size that was varied, ascending, and all that was measured. */
export interface Axis {
  readonly name: string
  readonly file: string
  readonly sizes: readonly number[]
  readonly columns: readonly Measured[]
  /** At the largest size, where there is a list. */
  readonly firstPageMs?: number
}

// At each doubling of the size, beyond what the work grows.
const MOST_FASTER = 1.1

/**
 * The power of its size that something grows like: the slope of a line through the logarithms of the upper half of the
 * range, where what does not depend on the size no longer hides what does.
 */
export function growth(sizes: readonly number[], values: readonly number[]): number {
  const from = Math.min(Math.floor(sizes.length / 2), Math.max(0, sizes.length - 3))
  const points = sizes
    .slice(from)
    .map((size, place) => [Math.log(size), Math.log(values[from + place] ?? NaN)] as const)
  const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length
  const [x, y] = [mean(points.map(([size]) => size)), mean(points.map(([, value]) => value))]
  const along = points.reduce((sum, [size, value]) => sum + (size - x) * (value - y), 0)
  return along / points.reduce((sum, [size]) => sum + (size - x) ** 2, 0)
}

/** Judges that it grows no faster than the work. */
export function rowOf(axis: Axis, column: Measured, table: string): Row {
  const ours = growth(axis.sizes, column.values)
  const work = growth(axis.sizes, column.work)
  const ratio = 2 ** (ours - work)
  const [smallest, largest] = [axis.sizes[0] ?? NaN, axis.sizes.at(-1) ?? NaN]
  return {
    name: `${column.name} against ${axis.name}, ${smallest} to ${largest.toLocaleString('en-US')}`,
    unit: 'power of the size',
    ours,
    spread: [ours, ours],
    baselineName: 'the work (ratio: beyond it at each doubling)',
    baseline: work,
    ratio,
    target: `at most ${MOST_FASTER}x`,
    ok: ratio <= MOST_FASTER,
    device: 'cpu',
    detail: `${shown(column.values[0])} to ${shown(column.values.at(-1))} ${column.unit}; ${table}`,
  }
}

/** Markdown. */
export function tableOf({ name, sizes, columns }: Axis): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const head = [name, ...columns.map(({ name, unit }) => `${name}, ${unit}`)]
  return [
    line(head),
    line(head.map(() => '---:')),
    ...sizes.map((size, place) =>
      line([size.toLocaleString('en-US'), ...columns.map(({ values }) => shown(values[place]))]),
    ),
  ].join('')
}

function shown(value: number | undefined): string {
  if (value === undefined) return ''
  return value < 100 ? value.toPrecision(3) : value.toFixed(0)
}
