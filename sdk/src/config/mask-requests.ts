import { z } from 'zod'

import { area, randomAspect, scale } from './box.js'
import { sigma } from './cow.js'
import { checked, choice, finiteNumber, group, optionFacts, range, seedNumber, wholeNumber } from './option.js'
import { rules } from './rules.js'

const seed = seedNumber({
  default: 0,
  description: 'Seed of the draw: the same seed gives the same pixels on every machine.',
}).optional()

const stream = choice({
  allowed: ['per_image', 'reference'],
  default: 'per_image',
  description:
    "per_image: a key for every image, so that a longer batch begins with the shorter one. reference: one key for all, by the random stream of the authors' time.",
}).optional()

const batch = {
  count: wholeNumber({ minimum: 1, maximum: 1_000_000, description: 'Number of masks.' }),
  height: wholeNumber({ minimum: 1, maximum: 4096, description: 'Height of a mask in pixels.' }),
  width: wholeNumber({ minimum: 1, maximum: 4096, description: 'Width of a mask in pixels.' }),
  seed,
  stream,
}

const cow = {
  sigma,
  proportion: range({
    minimum: 0,
    maximum: 1,
    default: [0.2, 0.8],
    description: 'Expected share of ones, drawn uniformly.',
  }).optional(),
}

const box = { area: area('random_area'), scale, randomAspect }

/** Options of `masks.cow()`. */
export const cowMaskRequest = group('CowMasks.', { ...batch, ...cow }).refine(...checked(rules.tensor_elements))

/** Options of `masks.box()`. */
export const boxMaskRequest = group('Box masks.', { ...batch, ...box }).refine(...checked(rules.tensor_elements))

/** A `GenerateRequest`: what `masks.cow()` and `masks.box()` send. */
export const generateRequest = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('cow'), ...batch, ...cow }).refine(...checked(rules.tensor_elements)),
    z.strictObject({ kind: z.literal('box'), ...batch, ...box }).refine(...checked(rules.tensor_elements)),
  ])
  .register(optionFacts, {
    type: 'oneof',
    shared: Object.keys(batch),
    description: 'cow: blobs from thresholded noise. box: 0 inside a box, 1 outside.',
  })

/** Options of `masks.mix()`, the images apart. */
export const mixOptions = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('cowmix'), seed, stream, ...cow }),
    z.strictObject({ kind: z.literal('cutmix'), seed, stream, ...box }),
    z.strictObject({
      kind: z.literal('ict'),
      seed,
      stream,
      alpha: finiteNumber({
        exclusiveMinimum: 0,
        maximum: 1000,
        default: 0.1,
        description: 'Both parameters of the Beta distribution of the blend factor.',
      }).optional(),
    }),
  ])
  .register(optionFacts, {
    type: 'oneof',
    shared: ['seed', 'stream'],
    description:
      'cowmix takes the ones of a CowMask from the partner, cutmix all but a box, ict blends the whole images.',
  })

const erase = {
  seed,
  stream,
  noiseStd: finiteNumber({
    minimum: 0,
    maximum: 1000,
    default: 1,
    description:
      'Standard deviation of the noise that takes the place of erased pixels, in units of the images (uint8: of x / 127.5 - 1); 0 erases to zero.',
  }).optional(),
  maskProbability: finiteNumber({
    minimum: 0,
    maximum: 1,
    default: 1,
    description: 'Probability that an image is erased at all.',
  }).optional(),
}

/** Options of `masks.erase()`, the images apart. */
export const eraseOptions = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('cowout'),
      ...erase,
      sigma,
      proportion: range({
        minimum: 0,
        maximum: 1,
        default: [0.25, 1],
        description: 'Expected share of the image that is kept, drawn uniformly.',
      }).optional(),
    }),
    z.strictObject({ kind: z.literal('cutout'), ...erase, area: area('random_size'), scale, randomAspect }),
  ])
  .register(optionFacts, {
    type: 'oneof',
    shared: Object.keys(erase),
    description: 'cowout erases the zeros of a CowMask, cutout the inside of a box.',
  })
