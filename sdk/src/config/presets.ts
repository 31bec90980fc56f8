import type { ExperimentConfig } from './types.js'

/**
 * scikit-learn's handwritten digits with 40 labels, 4 a class: the experiment of the quick start. Tuned for a quick run
 * on a CPU; `{ ...digits_40, mix: { kind: 'none' } }` is the run on labels alone that it is measured against.
 */
export const digits_40 = {
  dataset: { name: 'digits', labeled: 40 },
  model: { name: 'wide_resnet', depth: 10, width: 1, dropout: 0 },
  mix: {
    kind: 'cowmix',
    weight: 30,
    confidence: { threshold: 0.6, average: true },
    sigma: [1, 4],
    proportion: [0.2, 0.8],
  },
  augmentation: { shift: 1 },
  optimizer: { learningRate: 0.2, l2: 5e-4 },
  schedule: {
    kind: 'stepped',
    boundaries: [
      [0.6, 0.2],
      [0.85, 0.04],
    ],
  },
  teacher: { alpha: 0.97 },
  batchSize: 64,
  steps: 900,
} as const satisfies ExperimentConfig

/** Experiments by name, as plain values to start from. */
export const presets = { digits_40 } as const satisfies Record<string, ExperimentConfig>
