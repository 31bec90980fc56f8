import { dataset } from './experiment.js'
import { choice, group } from './option.js'

const { labeled, seed, validation, validationSeed, excludeLabeled } = dataset.shape

/** Options of `splits.create()`: those of an experiment's dataset that choose images. */
export const splitOptions = group('Which images are labeled, unlabeled and put aside.', {
  labeled,
  seed,
  validation,
  validationSeed,
  excludeLabeled,
})

/** Options of `splits.import()` that say what a file is. */
export const splitImportOptions = group('What the file is, and what it does not say.', {
  format: choice({
    allowed: ['cowmask', 'mean_teacher', 'fixmatch', 'usb'],
    description:
      'cowmask: what `splits.export()` wrote, which says all of it. The others list labeled images only. mean_teacher: lines of a file name and a class. fixmatch: JSON with indices, called name.seed@count. usb: a .npy file of indices.',
  }),
  validation,
  validationSeed,
  excludeLabeled,
})
