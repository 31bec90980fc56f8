import { networks } from './networks.js'
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

/**
 * CIFAR-10 with 1,000 labels: what the authors' launcher does when it is given no flag, every value theirs. It reports
 * 4.73 % test error on leaderboards.
 */
export const cifar10_1000 = {
  dataset: { name: 'cifar10', labeled: 1000, seed: 12345, validation: 0, validationSeed: 131 },
  model: networks.wrn26_6_shakeshake,
  perturb: { kind: 'none' },
  mix: {
    kind: 'cowmix',
    weight: 30,
    confidence: { threshold: 0.6, average: true, source: 'mixed_confidences' },
    augmentSeparately: false,
    mixLogits: false,
    sigma: [4, 16],
    proportion: [0.2, 0.8],
  },
  augmentation: { shift: 4, horizontalFlip: true },
  optimizer: { learningRate: 0.05, momentum: 0.9, nesterov: true, l2: 5e-4, weightDecay: 0 },
  schedule: {
    kind: 'stepped',
    boundaries: [
      [0.4, 0.2],
      [0.8, 0.04],
    ],
    warmup: 0,
  },
  teacher: { alpha: 0.97, anneal: false },
  batchSize: 256,
  unlabeledBatchSize: 256,
  epochs: 300,
} as const satisfies ExperimentConfig

/**
 * CIFAR-100 with 10,000 labels, for which the paper is listed with 23.07 +- 0.30 % test error. The launcher's values but
 * for the dataset: the authors' code does not say what they changed for it, so that nothing changed is our choice.
 */
export const cifar100_10000 = {
  ...cifar10_1000,
  dataset: { ...cifar10_1000.dataset, name: 'cifar100', labeled: 10_000 },
} as const satisfies ExperimentConfig

/**
 * SVHN with 1,000 labels. The launcher's values but for the dataset, and images are not mirrored, as the authors' code
 * means to do (it mirrors them all the same: `strictParity`). Both are our choice.
 */
export const svhn_1000 = {
  ...cifar10_1000,
  dataset: { ...cifar10_1000.dataset, name: 'svhn', labeled: 1000 },
  augmentation: { shift: 4 },
} as const satisfies ExperimentConfig

/**
 * ImageNet with 10 % of the labels, for which the paper gives 26.06 % top-1 and 8.76 % top-5 error. Network, number and
 * seed of the labels are the authors'; how they trained is not in their code, so that everything else is our choice.
 */
export const imagenet_10_percent = {
  dataset: { name: 'imagenet', labeled: 128_116, seed: 12345 },
  model: networks.resnet152,
  mix: {
    kind: 'cowmix',
    weight: 30,
    confidence: { threshold: 0.6, average: true },
    sigma: [28, 112],
    proportion: [0.2, 0.8],
  },
  optimizer: { learningRate: 0.1, l2: 1e-4 },
  schedule: { kind: 'cosine', halfLength: 1, warmup: 0.02 },
  teacher: { alpha: 0.999 },
  batchSize: 256,
  epochs: 60,
} as const satisfies ExperimentConfig

/** Experiments by name, as plain values to start from; each says which of its values are the authors'. */
export const presets = {
  digits_40,
  cifar10_1000,
  cifar100_10000,
  svhn_1000,
  imagenet_10_percent,
} as const satisfies Record<string, ExperimentConfig>
