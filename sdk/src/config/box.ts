import { choice, finiteNumber, flag } from './option.js'

/** How large the box of a box mask is. */
export const area = (value: 'fixed' | 'random_area' | 'random_size') =>
  choice({
    allowed: ['fixed', 'random_area', 'random_size'],
    default: value,
    description:
      'Area of the box: fixed (always `scale`), random_area (a uniform share of the image), random_size (uniform side lengths).',
  }).optional()

export const scale = finiteNumber({
  exclusiveMinimum: 0,
  maximum: 1,
  default: 0.25,
  description: "Share of the image's area that a box of fixed area covers.",
}).optional()

export const randomAspect = flag({
  default: true,
  description: "Draw the aspect ratio of the box, log-uniformly, in place of the image's own.",
}).optional()
