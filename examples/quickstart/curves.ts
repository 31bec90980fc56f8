import { writeFile } from 'node:fs/promises'

import { lineChart } from 'cowmask'

import { METHODS, METHOD_NAMES } from './runs.js'
import type { SeedResult } from './summary.js'

/** Draws the test errors of both runs over training, means where there are several seeds. */
export async function writeCurves(path: string, title: string, results: readonly SeedResult[]): Promise<void> {
  const curves = METHODS.flatMap((method) =>
    (['teacher', 'student'] as const).map((network) => ({
      name: `${METHOD_NAMES[method]}, ${network}`,
      group: method,
      dashed: network === 'student',
      points: (results[0]?.[method].curve ?? []).map(({ step }): [number, number] => [
        step,
        mean(
          results.map((result) => result[method].curve.find((point) => point.step === step)?.[network].error ?? NaN),
        ),
      ]),
    })),
  )
  const seeds = results.length === 1 ? 'one seed' : `mean of ${results.length} seeds`
  const subtitle = `Error on the test images while training, ${seeds}`
  await writeFile(
    path,
    await lineChart({ title, subtitle, xTitle: 'step', yTitle: 'test error', percent: true, curves }),
  )
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
