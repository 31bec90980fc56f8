import type { EvaluationResult } from '../models.js'
import { rootAround, withBar } from './data.js'
import { printJson } from './failure.js'
import { type WorkerFlags, openWorker } from './worker.js'

interface ModelFlags extends WorkerFlags {
  readonly weights?: 'teacher' | 'student'
  readonly step?: number
  readonly json?: boolean
}

export interface PredictFlags extends ModelFlags {
  readonly csv: string
  readonly root?: string
}

export interface EvaluateFlags extends ModelFlags {
  readonly dataset?: string
  readonly split?: 'test' | 'validation' | 'train'
}

const MOST_CONFUSIONS = 10

/** Classifies image files into a table, and tells what was in them. */
export async function predictCommand(run: string, path: string, flags: PredictFlags): Promise<void> {
  const { csv, root, weights, step, json } = flags
  await using cowmask = await openWorker(flags, root === undefined ? rootAround(path) : undefined)
  const source = root === undefined ? path : { root, path }
  const written = await withBar((tell) =>
    cowmask.models
      .predictFiles({
        run,
        weights,
        step,
        source,
        onProgress: (progress) => {
          tell({ what: 'predict', ...progress })
        },
      })
      .writeCsv(csv),
  )
  if (json) {
    printJson({ csv, ...written })
    return
  }
  const { files, problems, ignored, labels } = written
  const given = Object.entries(labels).filter(([, images]) => images > 0)
  for (const [label, images] of given) console.log(`${label.padEnd(widest(given))}  ${count(images)}`)
  const notes = [
    ...(problems > 0 ? [`${count(problems)} can't be used, see the column \`problem\``] : []),
    ...(ignored > 0 ? [`${count(ignored)} more are no images by their name`] : []),
  ]
  console.log([`${csv}: ${count(files)} ${files === 1 ? 'file' : 'files'}`, ...notes].join('; '))
}

/** Scores a model, and tells which classes it knows and which it takes for others. */
export async function evaluateCommand(run: string, flags: EvaluateFlags): Promise<void> {
  const { weights, step, dataset, split, json } = flags
  await using cowmask = await openWorker(flags)
  const result = await cowmask.models.evaluate({ run, weights, step, dataset, split })
  if (json) printJson({ ...result, confusion: rowsOf(result) })
  else for (const line of evaluationLines(result)) console.log(line)
}

function* evaluationLines({ perClass, ...result }: EvaluationResult): Generator<string> {
  yield `error ${percent(result.error)}, balanced accuracy ${percent(result.balancedAccuracy)}, loss ${result.loss.toFixed(4)}; ${count(result.count)} images, step ${String(result.step)}`
  if (perClass.length === 0) return
  const width = Math.max('class'.length, widest(perClass.map(({ name }) => [name])))
  yield `\n${'class'.padEnd(width)}  ${'images'.padStart(8)}  ${'accuracy'.padStart(9)}`
  for (const { name, count: images, accuracy } of perClass)
    yield `${name.padEnd(width)}  ${count(images).padStart(8)}  ${(images > 0 ? percent(accuracy) : '-').padStart(9)}`
  const confusions = [...confusionsOf({ perClass, ...result })].sort((one, other) => other.images - one.images)
  if (confusions.length > 0) yield '\nmost often confused'
  for (const { truth, answer, images, total } of confusions.slice(0, MOST_CONFUSIONS))
    yield `${truth} taken for ${answer}: ${count(images)} of ${count(total)}, ${percent(images / total)}`
}

function* confusionsOf({ confusion, perClass }: EvaluationResult) {
  for (const [row, { name: truth, count: total }] of perClass.entries())
    for (const [column, { name: answer }] of perClass.entries()) {
      const images = confusion[row * perClass.length + column] ?? 0
      if (row !== column && images > 0) yield { truth, answer, images, total }
    }
}

const rowsOf = ({ confusion, perClass }: EvaluationResult): number[][] =>
  perClass.map((_, row) => [...confusion.subarray(row * perClass.length, (row + 1) * perClass.length)])

const widest = (rows: readonly (readonly [string, ...unknown[]])[]): number =>
  Math.max(0, ...rows.map(([name]) => name.length))

const count = (value: number): string => value.toLocaleString('en-US')

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
