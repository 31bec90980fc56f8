import { AUTO, range } from './option.js'

/** How large the blobs of a CowMask are. */
export const sigma = range({
  minimum: 0.01,
  maximum: 4096,
  default: AUTO,
  description:
    "Scale of the mask's blobs in pixels, drawn log-uniformly. Auto: 1/8 to 1/2 of the image's shorter side.",
}).optional()
