import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'

import cliProgress from 'cli-progress'

import { nearest } from '../config/nearest.js'
import { networks } from '../config/networks.js'
import type { DatasetImportOptions, ModelConfig } from '../config/types.js'
import type { Dataset, InspectDatasetOptions } from '../datasets.js'
import { ConfigError } from '../errors.js'
import { type PrepareProgress, prepareDataset } from '../worker/prepare-dataset.js'
import { printJson } from './failure.js'
import { inspectionText } from './inspection-text.js'
import { type WorkerFlags, openWorker } from './worker.js'

export interface PrepareFlags {
  readonly from?: string
  readonly dataDir?: string
  /** False for --no-digests. */
  readonly digests: boolean
  readonly json?: boolean
}

/** Prints every dataset that the worker knows, and whether its images are there. */
export async function listDatasets({ json, ...flags }: WorkerFlags & { readonly json?: boolean }): Promise<void> {
  await using cowmask = await openWorker(flags)
  const datasets = await cowmask.datasets.list()
  if (json) {
    printJson(datasets)
    return
  }
  for (const { name, description, train, test, ready } of datasets) {
    const state = ready ? 'ready' : 'to be prepared'
    const size = `${train.toLocaleString('en-US')} + ${test.toLocaleString('en-US')} images`
    console.log(`${name.padEnd(14)} ${state.padEnd(15)} ${size.padEnd(26)} ${description}`)
  }
}

/** Makes a dataset ready, with a bar that says how far it is. */
export async function prepareCommand(name: string, { json, digests, ...flags }: PrepareFlags): Promise<void> {
  const folder = await withBar((onProgress) => prepareDataset(name, { ...flags, checkDigests: digests, onProgress }))
  if (json) printJson({ name, folder })
  else console.log(folder)
}

export interface ImportFlags extends WorkerFlags, Omit<DatasetImportOptions, 'channels'> {
  readonly channels?: number
  readonly root?: string
  readonly json?: boolean
}

/** Takes a folder, a table or arrays as a dataset, and tells what was decided on the way. */
export async function importCommand(name: string, path: string, given: ImportFlags): Promise<void> {
  const { json, root, address, tokenFile, stateDir, dataDir, ...options } = given
  const worker = { address, tokenFile, stateDir, dataDir } as WorkerFlags
  await using cowmask = await openWorker(worker, root === undefined ? rootAround(path) : undefined)
  const source = root === undefined ? path : { root, path }
  const dataset = await withBar((onProgress) => cowmask.datasets.import(name, source, { ...options, onProgress }))
  if (json) printJson(dataset)
  else tellDataset(dataset)
}

/** Removes an imported dataset. */
export async function removeCommand(name: string, { json, ...flags }: WorkerFlags & { readonly json?: boolean }) {
  await using cowmask = await openWorker(flags)
  await cowmask.datasets.remove(name)
  if (json) printJson({ removed: name })
}

export interface InspectFlags extends WorkerFlags, Omit<InspectDatasetOptions, 'model'> {
  readonly model?: string
  readonly root?: string
  readonly contactSheet?: string
  readonly json?: boolean
}

/** Looks at a dataset or a source, and tells what there is and what to do about it. */
export async function inspectCommand(what: string, given: InspectFlags): Promise<void> {
  const { json, root, contactSheet, model, address, tokenFile, stateDir, dataDir, ...options } = given
  const worker = { address, tokenFile, stateDir, dataDir } as WorkerFlags
  const asked = { ...options, ...(model === undefined ? {} : { model: modelOf(model) }) }
  await using cowmask = await openWorker(worker, root === undefined ? rootAround(what) : undefined)
  if (process.stderr.isTTY) console.error(`reading every image${model === undefined ? '' : ', then compiling'} ...`)
  const inspection = await cowmask.datasets.inspect(root === undefined ? what : { root, path: what }, asked)
  if (json) printJson(inspection)
  else console.log(inspectionText(what, inspection))
  if (contactSheet === undefined) return
  await inspection.writeContactSheet(contactSheet)
  if (!json) console.log(`\nContact sheet: ${contactSheet}`)
}

/** A network by the authors' name for it, or of a kind with its defaults. */
function modelOf(name: string): ModelConfig {
  if (Object.hasOwn(networks, name)) return networks[name as keyof typeof networks]
  const kinds = [...new Set(Object.values(networks).map((network) => network.name))]
  const kind = kinds.find((each) => each === name)
  if (kind !== undefined) return { name: kind }
  const known = [...kinds, ...Object.keys(networks)]
  const reason = `must be one of ${known.join(', ')}; got '${name}'.`
  throw new ConfigError([{ path: '--model', reason, nearest: nearest(name, known) }])
}

/** A worker that is launched for one path may read what is around it. */
export function rootAround(path: string): Record<string, string> | undefined {
  return existsSync(path) ? { given: dirname(realpathSync(path)) } : undefined
}

function tellDataset({ name, description, train, test, validation, notes }: Dataset): void {
  const parts = [`${count(train)} training`, ...(validation ? [`${count(validation)} validation`] : [])]
  console.log(`${name}: ${description}; ${parts.join(', ')} and ${count(test)} test images.`)
  for (const note of notes) console.log(`- ${note}`)
}

const count = (value: number): string => value.toLocaleString('en-US')

/** Shows how far something is while it is under way. */
export async function withBar<T>(work: (onProgress: (progress: PrepareProgress) => void) => Promise<T>): Promise<T> {
  const bar = new cliProgress.SingleBar({
    format: '{what} {bar} {percentage} %',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  })
  let shown = ''
  try {
    return await work(({ what, done, total }) => {
      if (what !== shown) {
        bar.stop()
        bar.start(total, done, { what })
        shown = what
      } else bar.update(done)
    })
  } finally {
    bar.stop()
  }
}
