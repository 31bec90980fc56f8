import { datasetImportOptions } from './dataset-import.js'
import { experimentConfig } from './experiment.js'
import { group } from './option.js'

const { dataset, model, batchSize } = experimentConfig.shape
const { imageSize, resize, channels, testShare, storage } = datasetImportOptions.shape

/** Options of `datasets.inspect()`: of an experiment, what it would be asked for, and of an import, how it would be done. */
export const inspectOptions = group('What to look at images for.', {
  labeled: dataset.shape.labeled,
  model,
  batchSize,
  imageSize,
  resize,
  channels,
  testShare,
  storage,
})
