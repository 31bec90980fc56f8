import { AUTO, checked, choice, finiteNumber, flag, group, wholeNumber } from './option.js'
import { rules } from './rules.js'

/** What the name of a dataset is made of: it becomes the name of a folder. */
export const DATASET_NAME = '^[a-z0-9][a-z0-9_-]{0,63}$'
export const DATASET_NAME_TEXT = 'the name of a dataset: up to 64 lowercase letters, digits, _ and -'

/** Options of `datasets.import()` that say how images are taken. */
export const datasetImportOptions = group('How images are taken.', {
  imageSize: wholeNumber({
    minimum: 4,
    maximum: 1024,
    default: AUTO,
    description:
      'Height and width that images get, in pixels. Auto: the size that all of them have, up to 96; else the largest of 32, 48, 64, 96, 128, 160, 192 and 224 that half of them have or exceed.',
  }).optional(),
  resize: choice({
    allowed: ['crop', 'stretch', 'pad'],
    default: 'crop',
    description:
      'crop: the shorter side gets the size, the middle of the longer one stays. stretch: both sides get it. pad: the longer side gets it, gray fills the rest.',
  }).optional(),
  channels: wholeNumber({
    minimum: 1,
    maximum: 4,
    default: AUTO,
    description:
      '1: gray, 3: red, green and blue, 4: with alpha. Without alpha, images are laid on white. Auto: 1 where all images are gray, else 3.',
  })
    .refine(...checked(rules.image_channels))
    .optional(),
  onUnreadable: choice({
    allowed: ['refuse', 'skip'],
    default: 'refuse',
    description: 'What becomes of an import with images that cannot be used: it is refused, or goes on without them.',
  }).optional(),
  testShare: finiteNumber({
    exclusiveMinimum: 0,
    maximum: 0.9,
    default: AUTO,
    description:
      'Share of the labeled images to hold out for testing, the same of every class, at least one; only where there are no test images. Auto: 0.2.',
  }).optional(),
  storage: choice({
    allowed: ['pixels', 'files'],
    default: AUTO,
    description:
      'pixels: all images are kept at their final size, and live on the device in training. files: their files are read in training, each time with another crop, and must stay where they are. Auto: pixels below 128 pixels of imageSize, else files.',
  }).optional(),
  replace: flag({
    default: false,
    description: 'Put the dataset in the place of an imported one with this name.',
  }).optional(),
})
