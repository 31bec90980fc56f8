import cliProgress from 'cli-progress'

import { prepareDataset } from '../worker/prepare-dataset.js'
import { printJson } from './failure.js'
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
  for (const { name, description, train, test, readable, ready } of datasets) {
    const state = ready ? 'ready' : readable ? 'to be prepared' : 'not readable'
    const size = `${train.toLocaleString('en-US')} + ${test.toLocaleString('en-US')} images`
    console.log(`${name.padEnd(14)} ${state.padEnd(15)} ${size.padEnd(26)} ${description}`)
  }
}

/** Makes a dataset ready, with a bar that says how far it is. */
export async function prepareCommand(name: string, { json, digests, ...flags }: PrepareFlags): Promise<void> {
  const bar = new cliProgress.SingleBar({
    format: '{what} {bar} {percentage} %',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  })
  let shown = ''
  try {
    const folder = await prepareDataset(name, {
      ...flags,
      checkDigests: digests,
      onProgress: ({ what, done, total }) => {
        if (what !== shown) {
          bar.stop()
          bar.start(total, done, { what })
          shown = what
        } else bar.update(done)
      },
    })
    bar.stop()
    if (json) printJson({ name, folder })
    else console.log(folder)
  } finally {
    bar.stop()
  }
}
