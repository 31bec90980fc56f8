import { ConfigError, CowMaskError } from './errors.js'
import { csvRow } from './report/csv.js'
import type { FilePrediction__Output } from './transport/generated/cowmask/v1/FilePrediction.js'
import type { FilesFound__Output } from './transport/generated/cowmask/v1/FilesFound.js'
import type { PredictFilesResponse__Output } from './transport/generated/cowmask/v1/PredictFilesResponse.js'
import { writeAside } from './weights/write-aside.js'

/** What a model says about an image file, or why it says nothing. */
export type FilePrediction =
  | {
      /** Relative to the folder, parts separated by `/`; of a single file its own name. */
      readonly name: string
      /** The most probable class. */
      readonly label: string
      /** Its probability, 0..1. */
      readonly confidence: number
      readonly problem?: undefined
    }
  | {
      readonly name: string
      readonly label?: undefined
      readonly confidence?: undefined
      /** Why the file can't be used: what was expected, and what was found. */
      readonly problem: string
    }

/** What `writeCsv()` wrote. */
export interface FilePredictionSummary {
  /** Files in the table. */
  readonly files: number
  /** Those of them that can't be used. */
  readonly problems: number
  /** Files that were passed over, because their name is not that of an image. */
  readonly ignored: number
  /** Step of the checkpoint. */
  readonly step: number
  /** How many files were answered with each class, by the names of all classes. */
  readonly labels: Readonly<Record<string, number>>
}

/** How far predictions of files are. */
export interface FileProgress {
  /** Files that are answered. */
  readonly done: number
  readonly total: number
}

const CONFIDENCE_DIGITS = 6

/** Predictions of image files, one at a time, in the order of their names. Every loop asks the worker anew. */
export class FilePredictions implements AsyncIterable<FilePrediction> {
  /** Made by `models.predictFiles()`; `ask` begins a call. */
  constructor(
    private readonly ask: () => AsyncIterable<PredictFilesResponse__Output>,
    private readonly onProgress?: (progress: FileProgress) => void,
  ) {}

  /** @throws RemoteError `RUN_NOT_FOUND`, `CHECKPOINT_NOT_FOUND`; a file that can't be used throws nothing */
  async *[Symbol.asyncIterator](): AsyncGenerator<FilePrediction, void, void> {
    for await (const { predictions } of this.batches()) yield* predictions
  }

  /**
   * Writes a table with the columns `path`, `label`, `confidence` (six decimals) and `problem`: whole, or not at all.
   *
   * @throws ConfigError at `path` when the file can't be written
   */
  async writeCsv(path: string): Promise<FilePredictionSummary> {
    // A script in plain JavaScript may pass anything.
    if (typeof (path as unknown) !== 'string') throw new ConfigError([{ path: 'path', reason: 'must be a file.' }])
    const counts: Counts = { files: 0, problems: 0, ignored: 0, step: 0, labels: new Map() }
    await writeAside(path, this.table(counts)).catch((cause: unknown) => {
      if (cause instanceof CowMaskError) throw cause
      const reason = `'${path}' can't be written: ${cause instanceof Error ? cause.message : String(cause)}`
      throw new ConfigError([{ path: 'path', reason }], { cause })
    })
    return { ...counts, labels: Object.fromEntries(counts.labels) }
  }

  /** The text of the table, piece by piece; counts what is in it. */
  private async *table(counts: Counts): AsyncGenerator<string, void, void> {
    yield csvRow(['path', 'label', 'confidence', 'problem'])
    for await (const { found, predictions } of this.batches()) {
      counts.ignored = found.ignored
      counts.step = found.step
      counts.files += predictions.length
      if (counts.labels.size === 0) for (const name of found.classes) counts.labels.set(name, 0)
      let text = ''
      for (const { name, label, confidence, problem } of predictions) {
        if (label === undefined) counts.problems += 1
        else counts.labels.set(label, (counts.labels.get(label) ?? 0) + 1)
        text += csvRow([name, label ?? '', confidence?.toFixed(CONFIDENCE_DIGITS) ?? '', problem ?? ''])
      }
      yield text
    }
  }

  private async *batches(): AsyncGenerator<Batch, void, void> {
    let found: FilesFound__Output | undefined
    let done = 0
    for await (const answer of this.ask()) {
      found = answer.found ?? found
      if (!found) throw new CowMaskError('INTERNAL', "The worker's answer doesn't begin with what was found.")
      const { classes, count } = found
      const predictions = (answer.predictions?.predictions ?? []).map((each) => predictionOf(each, classes))
      done += predictions.length
      this.onProgress?.({ done, total: count })
      yield { found, predictions }
    }
  }
}

interface Batch {
  readonly found: FilesFound__Output
  readonly predictions: readonly FilePrediction[]
}

interface Counts {
  files: number
  problems: number
  ignored: number
  step: number
  readonly labels: Map<string, number>
}

function predictionOf({ name, answer, problem }: FilePrediction__Output, classes: readonly string[]): FilePrediction {
  if (answer) return { name, label: classes[answer.label] ?? String(answer.label), confidence: answer.confidence }
  return { name, problem: problem ?? '' }
}
