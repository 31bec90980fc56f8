// Mixes your own pictures by CowMask and by box, and erases parts of them. PNG files of one size in, PNG files out.
//
//   npm run example -- examples/erase-and-mix.ts [--seed 1] [--out .] [cat.png dog.png ...]
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { batchOf, contactSheet, launch, maskPictures, picturesOf, readPng, writePng } from 'cowmask'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, out: { type: 'string', default: '.' } },
})
const shipped = [3, 5].map((label) => fileURLToPath(new URL(`images/digit-${label}.png`, import.meta.url)))
const paths = positionals.length > 0 ? positionals : shipped
const pictures = await Promise.all(paths.map((path) => readPng(path)))
const images = batchOf(pictures)
const seed = Number(values.seed)

await using cowmask = await launch()

// Every picture is mixed with the next one, the last with the first. Sigma fits the pictures' size by itself.
const cowmix = await cowmask.masks.mix({ images, kind: 'cowmix', seed })
const cutmix = await cowmask.masks.mix({ images, kind: 'cutmix', seed })
const blended = await cowmask.masks.mix({ images, kind: 'ict', alpha: 1, seed })
const cowout = await cowmask.masks.erase({ images, kind: 'cowout', seed })
const cutout = await cowmask.masks.erase({ images, kind: 'cutout', seed, noiseStd: 0 })

for (const [name, { images: made, masks }] of Object.entries({ cowmix, cutmix, ict: blended, cowout, cutout })) {
  const rows = [pictures, ...(masks === undefined ? [] : [maskPictures(masks)]), picturesOf(made)]
  const path = join(values.out, `${name}.png`)
  await writePng(path, contactSheet(rows, { background: [96, 128, 192] }))
  console.log(`${path}  the pictures, ${masks === undefined ? '' : 'the masks, '}the results`)
}
console.log(`cowmix took ${(cowmix.blend[0] ?? 0).toFixed(2)} of the first picture from its partner`)
