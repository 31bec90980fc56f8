import type { BoxMaskRequest, CowMaskRequest } from '../config/types.js'
import { printJson } from './failure.js'
import { type WorkerFlags, openWorker } from './worker.js'

export interface MaskFlags extends WorkerFlags {
  readonly kind: 'cow' | 'box'
  readonly count: number
  readonly height: number
  readonly width: number
  readonly seed: number
  readonly sigma?: number[]
  readonly proportion?: number[]
  readonly area?: string
  readonly scale?: number
  readonly json?: boolean
}

/** Draws masks into a PNG. Options that a kind doesn't have are refused as in a script. */
export async function masksCommand(file: string, flags: MaskFlags): Promise<void> {
  const { kind, count, height, width, seed, sigma, proportion, area, scale } = flags
  const options = { count, height, width, seed, sigma, proportion, area, scale }
  // `parse` checks them, as it does for scripts.
  const given: object = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  await using cowmask = await openWorker(flags)
  const masks =
    kind === 'cow' ? await cowmask.masks.cow(given as CowMaskRequest) : await cowmask.masks.box(given as BoxMaskRequest)
  await masks.writePng(file)
  if (flags.json) printJson({ file, count, height, width, share: [...masks.share] })
  else console.log(file)
}
