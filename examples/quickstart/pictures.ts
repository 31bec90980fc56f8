import { fileURLToPath } from 'node:url'

import {
  type Color,
  type CowMask,
  batchOf,
  contactSheet,
  enlarged,
  maskPictures,
  picturesOf,
  presets,
  readPng,
  tinted,
  writePng,
} from 'cowmask'

const OWN: Color = [96, 176, 255]
const PARTNER: Color = [255, 160, 64]

/** What the rows of the sheet show, from the top. */
export const SHEET_ROWS = [
  'CowMasks as they are drawn for larger images',
  'ten test digits',
  'their partners',
  'a CowMask for each, 8 pixels wide: white comes from the partner',
  'both digits mixed by it, each in its color',
  'the same as the network sees it',
]

// Cells are this high and wide.
const CELL = 64

/** Writes a sheet of masks and mixed digits. */
export async function writeSheet(cowmask: CowMask, path: string): Promise<void> {
  const digits = await Promise.all(
    Array.from({ length: 10 }, (_, label) =>
      readPng(fileURLToPath(new URL(`../images/digit-${label}.png`, import.meta.url))),
    ),
  )
  const { sigma, proportion } = presets.digits_40.mix
  const large = await cowmask.masks.cow({
    count: digits.length,
    height: CELL,
    width: CELL,
    sigma: [4, 16],
    proportion,
    seed: 7,
  })
  const mixed = await cowmask.masks.mix({ images: batchOf(digits), kind: 'cowmix', sigma, proportion, seed: 7 })
  if (mixed.masks === undefined) throw new Error('the worker mixed by CowMasks, but answered none')

  const partners = [...digits.slice(1), ...digits.slice(0, 1)]
  const masks = maskPictures(mixed.masks)
  const results = picturesOf(mixed.images)
  const rows = [
    digits.map((digit) => tinted(digit, OWN)),
    partners.map((partner) => tinted(partner, PARTNER)),
    masks,
    results.map((result, index) => tinted(result, OWN, masks[index], PARTNER)),
    results,
  ].map((row) => row.map((picture) => enlarged(picture, CELL / picture.height)))
  await writePng(path, contactSheet([maskPictures(large), ...rows], { gap: 6, background: [112, 118, 132] }))
}
