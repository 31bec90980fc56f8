import { writeFile } from 'node:fs/promises'

import type { Dataset } from './datasets.js'
import { CowMaskError } from './errors.js'
import type { DataProblems__Output } from './transport/generated/cowmask/v1/DataProblems.js'
import type { DuplicateGroups__Output } from './transport/generated/cowmask/v1/DuplicateGroups.js'
import type { InspectResponse__Output } from './transport/generated/cowmask/v1/InspectResponse.js'
import type { InspectionReport__Output } from './transport/generated/cowmask/v1/InspectionReport.js'
import type { NamedCount__Output } from './transport/generated/cowmask/v1/NamedCount.js'

/** Images of a class. */
export interface ClassCounts {
  readonly name: string
  /** Labeled training images. */
  readonly labeled: number
  readonly validation: number
  readonly test: number
  /** Those of `labeled` that an import holds out for testing, because there are no test images. */
  readonly heldOut: number
}

/** In pixels. */
export interface ImageSize {
  readonly height: number
  readonly width: number
}

/** Smallest, median and largest by their number of pixels; `different` counts the sizes. */
export interface ImageSizes {
  readonly different: number
  readonly smallest: ImageSize
  readonly median: ImageSize
  readonly largest: ImageSize
}

/** Something that is not as it should be. */
export interface DataProblem {
  readonly file: string
  readonly expected: string
  readonly found: string
  /** What to do about it; may be empty. */
  readonly advice: string
}

/** All of them are counted, the first 100 told. */
export interface DataProblems {
  readonly count: number
  readonly first: readonly DataProblem[]
}

/** Images of one content. */
export interface DuplicateGroup {
  /** SHA-256 of the file's content, for arrays of the pixels, in hexadecimal. */
  readonly digest: string
  readonly images: number
  /** The first 10 of them. */
  readonly names: readonly string[]
}

/** All of them are counted, the first 100 told. */
export interface DuplicateGroups {
  readonly groups: number
  /** Images of all groups together. */
  readonly images: number
  readonly first: readonly DuplicateGroup[]
}

/** What keeping as many labels takes. */
export interface LabelsAsked {
  readonly labeled: number
  /** Of one class, if every class gave the same number. */
  readonly share: number
  /** Labeled images that are left to train on. */
  readonly available: number
  /** How many classes have fewer than their share, and the first 100 of them. */
  readonly below: number
  readonly belowNames: readonly string[]
}

/** What an import chooses, or has chosen. */
export interface ImportDecision extends ImageSize {
  readonly channels: number
  readonly storage: 'pixels' | 'files'
  /** Images that are trained on, with or without their label. */
  readonly train: number
  /** A sentence each. */
  readonly notes: readonly string[]
}

/**
 * What training takes, with CowMix and the defaults: measured in a task process on random images of the right shape.
 * Reading images from files is not part of it.
 */
export interface TrainingCost {
  /** What it was measured on, such as `cpu`. */
  readonly platform: string
  readonly parameters: number
  readonly batchSize: number
  readonly unlabeledBatchSize: number
  /** Device memory of a step, in bytes, as the compiler has planned it; undefined where it does not tell. */
  readonly stepBytes: number | undefined
  /** Device memory of the training images, in bytes; 0 where they are read from files. */
  readonly datasetBytes: number
  /** Undefined, as is the time of an epoch, where the memory of this machine does not suffice for a step. */
  readonly secondsPerStep: number | undefined
  readonly stepsPerEpoch: number
  readonly secondsPerEpoch: number | undefined
  readonly compileSeconds: number
}

/** What to do about something. */
export interface Advice {
  /** Such as `batch_size` or `imbalance`. */
  readonly code: string
  readonly text: string
}

/** What looking at images has found. */
export class DatasetInspection {
  /** The dataset that was asked for by name; undefined for a source that is not imported. */
  readonly dataset: Dataset | undefined
  /** Labeled images of each class, in the order of `dataset.classes`; for a source, of `classes`. */
  readonly trainCounts: readonly number[]
  readonly testCounts: readonly number[]
  /** SHA-256 over the images and labels, in hexadecimal. */
  readonly digest: string
  readonly classes: readonly ClassCounts[]
  /** Training images without a label. */
  readonly unlabeled: number
  /** Images that can be used, of all parts. */
  readonly images: number
  /** Undefined where there is no image. */
  readonly sizes: ImageSizes | undefined
  /** Images of each mode, as Pillow calls them: `RGB`, `L`, ... */
  readonly modes: Readonly<Record<string, number>>
  /** Images of each format: `JPEG`, `PNG`, ..., `array`. */
  readonly formats: Readonly<Record<string, number>>
  /** Files that can not be used; an import leaves them out or is refused, as `onUnreadable` says. */
  readonly unreadable: DataProblems
  /** What an import refuses in any case. */
  readonly faults: DataProblems
  /** Number of files that do not have the name of an image, and the first 100 of them. */
  readonly ignored: number
  readonly ignoredNames: readonly string[]
  /** Contents that more than one image has. */
  readonly duplicates: DuplicateGroups
  /** Those of them that stand in training and in test or validation. */
  readonly inTrainAndTest: DuplicateGroups
  /** Those of them that have labels of several classes. */
  readonly contradicting: DuplicateGroups
  /** Undefined unless `labeled` was given. */
  readonly labelsAsked: LabelsAsked | undefined
  /** Undefined where there is no image. */
  readonly decision: ImportDecision | undefined
  /** Undefined unless a model was given, and where there is nothing to train on. */
  readonly cost: TrainingCost | undefined
  /** The gravest first. */
  readonly advice: readonly Advice[]
  readonly #contactSheet: Uint8Array

  constructor(dataset: Dataset | undefined, response: InspectResponse__Output) {
    const report: InspectionReport__Output | null = response.report
    if (report === null) throw new CowMaskError('INTERNAL', "The worker's answer holds no report.")
    const { trainCounts, testCounts, digest } = response
    const { classes, unlabeled, images, sizes, ignored, ignoredNames, labelsAsked, decision, cost, advice } = report
    this.dataset = dataset
    this.trainCounts = trainCounts
    this.testCounts = testCounts
    this.digest = digest
    this.classes = classes
    this.unlabeled = unlabeled
    this.images = images
    this.sizes = sizes ? (sizes as ImageSizes) : undefined
    this.modes = countsOf(report.modes)
    this.formats = countsOf(report.formats)
    this.unreadable = problemsOf(report.unreadable)
    this.faults = problemsOf(report.faults)
    this.ignored = ignored
    this.ignoredNames = ignoredNames
    this.duplicates = groupsOf(report.duplicates)
    this.inTrainAndTest = groupsOf(report.inTrainAndTest)
    this.contradicting = groupsOf(report.contradicting)
    this.labelsAsked = labelsAsked ?? undefined
    this.decision = decision ? (decision as ImportDecision) : undefined
    this.cost = cost ? costOf(cost) : undefined
    this.advice = advice
    this.#contactSheet = response.contactSheet
  }

  /**
   * Writes a PNG with some images of each class as they would be trained on: a row a class with its name, unlabeled
   * images in the last row.
   *
   * @throws CowMaskError `DATASET_UNUSABLE` where there is no image to show
   */
  async writeContactSheet(path: string): Promise<void> {
    if (this.#contactSheet.length === 0)
      throw new CowMaskError('DATASET_UNUSABLE', 'There is no image that could be shown on a contact sheet.')
    await writeFile(path, this.#contactSheet)
  }
}

function costOf(cost: NonNullable<InspectionReport__Output['cost']>): TrainingCost {
  const { platform, parameters, batchSize, unlabeledBatchSize, stepBytes, datasetBytes } = cost
  const { secondsPerStep, stepsPerEpoch, secondsPerEpoch, compileSeconds } = cost
  const time = { secondsPerStep, stepsPerEpoch, secondsPerEpoch, compileSeconds }
  return { platform, parameters, batchSize, unlabeledBatchSize, stepBytes, datasetBytes, ...time }
}

function countsOf(counts: readonly NamedCount__Output[]): Record<string, number> {
  return Object.fromEntries(counts.map(({ name, count }) => [name, count]))
}

function problemsOf(problems: DataProblems__Output | null): DataProblems {
  return problems ?? { count: 0, first: [] }
}

function groupsOf(groups: DuplicateGroups__Output | null): DuplicateGroups {
  return groups ?? { groups: 0, images: 0, first: [] }
}
