import { printJson } from './failure.js'
import { type WorkerFlags, openWorker } from './worker.js'

/** Prints what the worker is and what it computes on. */
export async function infoCommand({ json, ...flags }: WorkerFlags & { readonly json?: boolean }): Promise<void> {
  await using cowmask = await openWorker(flags)
  const info = await cowmask.system.info()
  const devices = await cowmask.system.devices()
  if (json) {
    printJson({ ...info, devices })
    return
  }
  console.log(`worker ${info.workerVersion}, protocol ${String(info.protocol)}, Python ${info.pythonVersion}`)
  for (const { id, platform, kind } of devices) console.log(`device ${String(id)}: ${platform} (${kind})`)
  for (const [name, version] of Object.entries(info.packages).toSorted()) console.log(`${name} ${version}`)
}
