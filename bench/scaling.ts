import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { lineChart } from 'cowmask'
import { type Row, measured } from './row.js'
import { type Axis, type Measured, growth, rowOf, tableOf } from './scaling/growth.js'
import { eventsInARun, runsInTheRegistry } from './scaling/registry.js'
import { sizesOf } from './scaling/sizes.js'

const OUT = 'out/bench'

/** How time and memory grow with every size that has no small limit: a table and a chart of each in `out/bench`. */
export async function* scalingRows({ quick }: { readonly quick: boolean }): AsyncGenerator<Row> {
  await mkdir(OUT, { recursive: true })
  const axes = [
    () => sizesOf('masks', 'CowMasks of 64x64, drawn in blocks', quick),
    () => sizesOf('edge', 'pixels of the edge of 8 CowMasks', quick),
    () => sizesOf('batch', 'labeled images of a batch', quick),
    () => sizesOf('width', 'width of a WRN-10', quick),
    () => runsInTheRegistry(quick),
    () => eventsInARun(quick),
  ]
  for (const measure of axes)
    for (const axis of await measure()) {
      const files = await written(axis)
      for (const column of axis.columns) yield rowOf(axis, column, files)
      if (axis.firstPageMs !== undefined) yield pageRow(axis.name, axis.firstPageMs)
    }
}

async function written(axis: Axis): Promise<string> {
  const table = join(OUT, `${axis.file}.md`)
  await writeFile(table, tableOf(axis))
  for (const column of axis.columns)
    await writeFile(join(OUT, `${axis.file}-${column.file}.svg`), await chartOf(axis, column))
  return table
}

function chartOf(axis: Axis, column: Measured): Promise<string> {
  const last = axis.sizes.length - 1
  const scale = (column.values[last] ?? NaN) / (column.work[last] ?? NaN)
  return lineChart({
    title: `${column.name} against ${axis.name}`,
    subtitle: `grows like the power ${growth(axis.sizes, column.values).toFixed(2)}, the work like ${growth(axis.sizes, column.work).toFixed(2)}`,
    xTitle: axis.name,
    yTitle: column.unit,
    logarithmic: true,
    curves: [
      { name: 'measured', points: axis.sizes.map((size, place) => [size, column.values[place] ?? NaN]) },
      {
        name: 'as the work grows',
        dashed: true,
        points: axis.sizes.map((size, place) => [size, (column.work[place] ?? NaN) * scale]),
      },
    ],
  })
}

const PAGE_MS = 50

function pageRow(name: string, milliseconds: number): Row {
  return measured({
    name: `first page of the list at the top of the range of ${name}`,
    unit: 'ms',
    ours: [milliseconds],
    baselineName: 'what it is held to',
    baseline: [PAGE_MS],
    target: `below ${PAGE_MS} ms`,
    holds: (ms) => ms < PAGE_MS,
  })
}
