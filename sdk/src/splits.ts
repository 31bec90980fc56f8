import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'

import type { DatasetConfig } from './config/option-types.js'
import { parse } from './config/parse.js'
import { splitImportOptions, splitOptions } from './config/split.js'
import { toMessage } from './config/to-message.js'
import { ConfigError, CowMaskError } from './errors.js'
import { Experiment } from './experiment.js'
import { refuseUnknown } from './option-names.js'
import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'
import type { RequestOf, ResponseOf } from './transport/contract.js'
import type { Split__Output } from './transport/generated/cowmask/v1/Split.js'
import type { SplitRule__Output } from './transport/generated/cowmask/v1/SplitRule.js'
import { type Tensor, expectTensor } from './transport/tensor.js'
import { receiveTensors, sendTensors } from './transport/tensor-call.js'
import { writeAside } from './weights/write-aside.js'

/** Options of `splits.create()`: those of an experiment's dataset that choose images. */
export type SplitOptions = Pick<
  DatasetConfig,
  'labeled' | 'seed' | 'validation' | 'validationSeed' | 'excludeLabeled'
> & {
  /** Name of the dataset. */
  readonly dataset: string
}

/** A list of labeled images, in one of the forms that other people's code has. */
export type ForeignFormat = 'mean_teacher' | 'fixmatch' | 'usb'

/** Options of `splits.import()`. */
export type SplitImportOptions = {
  /** Name of the dataset. */
  readonly dataset: string
  /** Path of the file, on this machine. */
  readonly file: string
} & (
  | {
      /** What `splits.export()` or `write()` wrote. It says all that there is to a split. */
      readonly format: 'cowmask'
    }
  | ({
      /**
       * A list of labeled images only. mean_teacher: lines of a file name and a class. fixmatch: JSON with indices, called
       * `name.seed@count`. usb: a `.npy` file of indices.
       */
      readonly format: ForeignFormat
    } & Pick<DatasetConfig, 'validation' | 'validationSeed' | 'excludeLabeled'>)
)

/** Names a split that the worker keeps. */
export interface SplitSelector {
  /** Name of the dataset. */
  readonly dataset: string
  readonly fingerprint: string
}

interface RuleNumbers {
  readonly validation: number
  readonly validationSeed: number
  readonly excludeLabeled: boolean
  /** Images that the source itself has put aside for validation. */
  readonly ownValidation: number
}

/** How the labeled and the validation images were chosen: drawn, or taken from somebody else's list. */
export type SplitRule = RuleNumbers &
  (
    | { readonly kind: 'drawn'; readonly labeled: number; readonly seed: number }
    | { readonly kind: 'imported'; readonly format: ForeignFormat; readonly file: string }
  )

/** Numbers of images. */
export interface SplitCounts {
  /** Of each class, in the order of `classes`. */
  readonly labeled: readonly number[]
  readonly validation: readonly number[]
  readonly unlabeled: number
  readonly test: number
}

/** Which images of a dataset are labeled, unlabeled, put aside for validation and tested on. */
export class Split implements SplitSelector {
  readonly dataset: string
  /**
   * SHA-256 over the classes and over the contents and labels of the images, in hexadecimal: the same images chosen
   * another way have the same fingerprint.
   */
  readonly fingerprint: string
  readonly classes: readonly string[]
  readonly rule: SplitRule
  readonly counts: SplitCounts
  /** Names of the first ten. */
  readonly first: { readonly labeled: readonly string[]; readonly validation: readonly string[] }
  /** What was found when it was created or imported, a sentence each. */
  readonly notes: readonly string[]
  readonly #content: (call: CallOptions) => Promise<Uint8Array>

  /** Made by `cowmask.splits`. */
  constructor(split: Split__Output, content: (call: CallOptions) => Promise<Uint8Array>) {
    this.dataset = split.dataset
    this.fingerprint = split.fingerprint
    this.classes = split.classes
    this.rule = ruleOf(split.rule)
    const { labeledCounts: labeled, validationCounts: validation, unlabeled, test } = split
    this.counts = { labeled, validation, unlabeled, test }
    this.first = { labeled: split.labeledNames, validation: split.validationNames }
    this.notes = split.notes
    this.#content = content
  }

  /**
   * Writes it as a file, whole or not at all: readable JSON, for `splits.import()` here or elsewhere.
   *
   * @throws ConfigError at `path` when there can be no such file
   */
  async write(path: string, call: CallOptions = {}): Promise<void> {
    const content = await this.#content(call)
    await writeAside(path, content).catch((cause: unknown) => {
      throw new ConfigError([{ path: 'path', reason: `'${path}' can't be written: ${String(cause)}.` }], { cause })
    })
  }
}

// The worker takes no more.
const MOST_BYTES = 64 * 1024 * 1024

/** Makes, takes, keeps and compares splits: which images are labeled is a file, and a fingerprint names it. */
export class Splits {
  constructor(private readonly channel: Channel) {}

  /**
   * Draws a split as a run with these options draws it, and keeps it. An experiment names it by its fingerprint:
   * `dataset: { name, split: split.fingerprint }`.
   *
   * @throws ConfigError when an option is wrong
   * @throws RemoteError `DATASET_NOT_PREPARED`
   */
  async create({ dataset, ...options }: SplitOptions, call: CallOptions = {}): Promise<Split> {
    const request = { dataset, options: toMessage('SplitOptions', parse(splitOptions, options)) }
    return this.kept((await this.channel.unary('Splits.Create', request, call)).split)
  }

  /**
   * Takes a split's file, or somebody else's list of labeled images, and keeps it under its fingerprint. Where a split of
   * the same images is kept already, that one stays; `notes` tell in what they differ.
   *
   * @throws ConfigError when an option is wrong, or the file can't be read
   * @throws RemoteError `SPLIT_DAMAGED` when the file is not what its format says, `SPLIT_MISMATCH` when it is of other
   * images, each with what was expected and what was found
   */
  async import({ dataset, file, ...options }: SplitImportOptions, call: CallOptions = {}): Promise<Split> {
    const message = toMessage('SplitImportOptions', parse(splitImportOptions, options))
    const split = { dataset, file: nameOf(file), options: message }
    return this.kept(await this.send('Splits.Import', { split }, await contentOf(file), call))
  }

  /**
   * Tells what a split that is kept holds, or a split's file on this machine.
   *
   * @throws ConfigError when there is no such split or file
   * @throws RemoteError `SPLIT_DAMAGED`
   */
  async inspect(which: SplitSelector | { readonly file: string }, call: CallOptions = {}): Promise<Split> {
    if (!('file' in which)) return this.kept(await this.send('Splits.Inspect', { kept: selectorOf(which) }, null, call))
    refuseUnknown(which, ['file'])
    const content = await contentOf(which.file)
    const split = await this.send('Splits.Inspect', { file: nameOf(which.file) }, content, call)
    return new Split(present(split), () => Promise.resolve(content))
  }

  /**
   * The file of a split that is kept, as text.
   *
   * @throws ConfigError when there is no such split
   * @throws RemoteError `SPLIT_DAMAGED`
   */
  async export(which: SplitSelector, call: CallOptions = {}): Promise<string> {
    return new TextDecoder().decode(await this.content(which, call))
  }

  /** The splits that are kept of a dataset, by fingerprint; damaged ones are left out. */
  async list(dataset: string, call: CallOptions = {}): Promise<Split[]> {
    const { splits } = await this.channel.unary('Splits.List', { dataset }, call)
    return splits.map((split) => this.kept(split))
  }

  /**
   * Tells in sentences what differs between two splits, or between those of two runs; empty where they are equal. The
   * split of a run whose dataset says `split: 'rule'` is created, so that it is there to be compared.
   *
   * @throws ConfigError when there is no such split, or a run has not loaded its data yet
   * @throws CowMaskError `SPLIT_CHANGED` when the dataset is not what a run began with
   */
  async compare(
    first: SplitSelector | Experiment,
    second: SplitSelector | Experiment,
    call: CallOptions = {},
  ): Promise<string[]> {
    const request = {
      first: await this.selected(first, 'first', call),
      second: await this.selected(second, 'second', call),
    }
    return (await this.channel.unary('Splits.Compare', request, call)).differences
  }

  private async selected(which: SplitSelector | Experiment, path: string, call: CallOptions): Promise<SplitSelector> {
    if (!(which instanceof Experiment)) return selectorOf(which)
    const { id, config, split } = which
    const { name, split: named, ...options } = config.dataset
    if (split === undefined)
      throw new ConfigError([{ path, reason: `must be a run that has loaded its data, but ${id} has not yet.` }])
    if (named === 'rule') {
      const { fingerprint } = await this.create({ dataset: name, ...options }, call)
      if (fingerprint !== split)
        throw new CowMaskError(
          'SPLIT_CHANGED',
          `Run ${id} trained on the split ${split}; its options now give ${fingerprint}.`,
        )
    }
    return { dataset: name, fingerprint: split }
  }

  private async send<M extends 'Splits.Import' | 'Splits.Inspect'>(
    name: M,
    first: RequestOf<M>,
    content: Uint8Array | null,
    call: CallOptions,
  ): Promise<Split__Output | null> {
    const tensors = new Map<string, Tensor>()
    if (content !== null) tensors.set('content', { data: content, shape: [content.length] })
    const read = async (answers: AsyncIterable<ResponseOf<M>>) => {
      let split: Split__Output | null = null
      for await (const answer of answers) ({ split } = answer)
      return split
    }
    return sendTensors(this.channel, name, first, tensors, read, call)
  }

  private async content(which: SplitSelector, call: CallOptions): Promise<Uint8Array> {
    const tensors = await receiveTensors(this.channel, 'Splits.Export', { split: selectorOf(which) }, call)
    return expectTensor(tensors, 'content', Uint8Array).data
  }

  private kept(split: Split__Output | null): Split {
    const found = present(split)
    return new Split(found, (call) => this.content(found, call))
  }
}

function present(split: Split__Output | null): Split__Output {
  if (!split) throw new CowMaskError('INTERNAL', "The worker's answer holds no split.")
  return split
}

function selectorOf({ dataset, fingerprint }: SplitSelector): SplitSelector {
  return { dataset, fingerprint }
}

function ruleOf(rule: SplitRule__Output | null): SplitRule {
  const { drawn, imported } = rule ?? {}
  const numbersOf = ({ validation, validationSeed, excludeLabeled, ownValidation }: RuleNumbers): RuleNumbers => ({
    validation,
    validationSeed,
    excludeLabeled,
    ownValidation,
  })
  if (drawn) return { kind: 'drawn', labeled: drawn.labeled, seed: drawn.seed, ...numbersOf(drawn) }
  if (!imported) throw new CowMaskError('INTERNAL', "The worker's answer holds a split without a rule.")
  return { kind: 'imported', format: imported.format as ForeignFormat, file: imported.file, ...numbersOf(imported) }
}

/** The last part of a path; formats read numbers out of it. */
function nameOf(file: string): string {
  // A script in plain JavaScript may pass anything.
  if (typeof (file as unknown) !== 'string') throw new ConfigError([{ path: 'file', reason: 'must be a path.' }])
  return basename(file)
}

async function contentOf(file: string): Promise<Uint8Array> {
  const unreadable = (cause: unknown) =>
    new ConfigError([{ path: 'file', reason: `'${file}' can't be read: ${String(cause)}.` }], { cause })
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(cause)
  })
  if (size > MOST_BYTES) {
    const reason = `must have ${MOST_BYTES.toLocaleString('en-US')} bytes at most; '${file}' has ${size.toLocaleString('en-US')}.`
    throw new ConfigError([{ path: 'file', reason }])
  }
  return readFile(file).catch((cause: unknown) => {
    throw unreadable(cause)
  })
}
