import { PythonProgram } from '../python.js'
import type { Axis } from './growth.js'

interface Point {
  readonly size: number
  readonly work: number
  readonly milliseconds: number
  readonly megabytes: number
}

/** What `python -m cowmask_worker.bench.sizes` measures. The work is the operations that the compiler counts. */
export async function sizesOf(axis: string, name: string, quick: boolean): Promise<readonly Axis[]> {
  await using measuring = await PythonProgram.start('sizes', axis, ...(quick ? ['--quick'] : []))
  const points: Point[] = []
  for (let line = await measuring.next(); line !== undefined; line = await measuring.next())
    points.push(JSON.parse(line) as Point)
  const sizes = points.map(({ size }) => size)
  const work = points.map((point) => point.work)
  return [
    {
      name,
      file: axis,
      sizes,
      columns: [
        { name: 'time', file: 'time', unit: 'ms', values: points.map((point) => point.milliseconds), work },
        { name: 'memory', file: 'memory', unit: 'MB', values: points.map((point) => point.megabytes), work },
      ],
    },
  ]
}
