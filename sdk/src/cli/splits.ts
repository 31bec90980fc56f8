import { type Split, type SplitImportOptions, type SplitOptions } from '../splits.js'
import { printJson } from './failure.js'
import { type WorkerFlags, openWorker } from './worker.js'

type Flags = WorkerFlags & { readonly json?: boolean }

/** Draws a split, keeps it and tells what it holds. */
export async function createSplit(dataset: string, given: Flags & Omit<SplitOptions, 'dataset'>): Promise<void> {
  const { json, address, tokenFile, stateDir, dataDir, ...options } = given
  await using cowmask = await openWorker({ address, tokenFile, stateDir, dataDir } as WorkerFlags)
  tell(await cowmask.splits.create({ dataset, ...options }), json)
}

/** Takes a split's file or a list of labeled images. */
export async function importSplit(dataset: string, file: string, given: Flags & { format: string }): Promise<void> {
  const { json, address, tokenFile, stateDir, dataDir, ...options } = given
  await using cowmask = await openWorker({ address, tokenFile, stateDir, dataDir } as WorkerFlags)
  tell(await cowmask.splits.import({ dataset, file, ...options } as SplitImportOptions), json)
}

/** Shows a split that is kept, by the name of its dataset and its fingerprint, or a split's file. */
export async function showSplit(what: string, fingerprint: string | undefined, { json, ...flags }: Flags) {
  await using cowmask = await openWorker(flags)
  const which = fingerprint === undefined ? { file: what } : { dataset: what, fingerprint }
  tell(await cowmask.splits.inspect(which), json)
}

/** Prints every split that is kept of a dataset. */
export async function listSplits(dataset: string, { json, ...flags }: Flags): Promise<void> {
  await using cowmask = await openWorker(flags)
  const splits = await cowmask.splits.list(dataset)
  if (json) printJson(splits)
  else if (splits.length === 0) console.log(`No splits of ${dataset} are kept.`)
  for (const split of json ? [] : splits) console.log(`${split.fingerprint}  ${summary(split)}`)
}

/** Writes a split that is kept as a file. */
export async function exportSplit(dataset: string, fingerprint: string, file: string, { json, ...flags }: Flags) {
  await using cowmask = await openWorker(flags)
  const split = await cowmask.splits.inspect({ dataset, fingerprint })
  await split.write(file)
  if (json) printJson({ dataset, fingerprint, file })
  else console.log(file)
}

function tell(split: Split, json: boolean | undefined): void {
  if (json) {
    printJson(split)
    return
  }
  const { fingerprint, dataset, classes, counts, first, notes } = split
  console.log(`${dataset}, split ${fingerprint}\n${summary(split)}`)
  const width = Math.max(...classes.map((name) => name.length), 5)
  console.log(`${'class'.padEnd(width)}  labeled  validation`)
  for (const [index, name] of classes.entries()) {
    const [labeled, validation] = [counts.labeled[index] ?? 0, counts.validation[index] ?? 0]
    console.log(`${name.padEnd(width)}  ${count(labeled).padStart(7)}  ${count(validation).padStart(10)}`)
  }
  console.log(`First labeled images: ${first.labeled.join(', ')}`)
  for (const note of notes) console.log(`- ${note}`)
}

function summary({ rule, counts }: Split): string {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)
  const chosen = rule.kind === 'drawn' ? `drawn with seed ${String(rule.seed)}` : `${rule.format} list ${rule.file}`
  const [labeled, validation] = [sum(counts.labeled), sum(counts.validation)]
  return `${count(labeled)} labeled (${chosen}), ${count(counts.unlabeled)} unlabeled, ${count(validation)} validation, ${count(counts.test)} test images`
}

const count = (value: number): string => value.toLocaleString('en-US')
