// Draws CowMasks of three sizes of blob and box masks, and writes each kind as a PNG.
//
//   npm run example -- examples/masks.ts [--seed 7] [--out .]
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { launch } from 'cowmask'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '7' }, out: { type: 'string', default: '.' } },
})
const size = { count: 16, height: 96, width: 96, seed: Number(values.seed) }

await using cowmask = await launch()

for (const [name, sigma] of Object.entries({ small: [3, 3], large: [16, 16], mixed: [3, 24] } as const)) {
  const masks = await cowmask.masks.cow({ ...size, sigma, proportion: [0.2, 0.8] })
  await masks.writePng(join(values.out, `cow-${name}.png`))
  // What was asked for and what came out: a smooth field has few blobs, so the share of ones is only near.
  const [proportion, share] = [masks.proportion[0] ?? 0, masks.share[0] ?? 0]
  console.log(`cow-${name}.png  first mask: proportion ${proportion.toFixed(2)}, share of ones ${share.toFixed(2)}`)
}

const boxes = await cowmask.masks.box({ ...size, area: 'random_size' })
await boxes.writePng(join(values.out, 'box.png'))
const [top = 0, left = 0, bottom = 0, right = 0] = boxes.boxes
console.log(
  `box.png  first box: rows ${top.toFixed(1)} to ${bottom.toFixed(1)}, columns ${left.toFixed(1)} to ${right.toFixed(1)}`,
)
