import { z } from 'zod'

import {
  AUTO,
  boundaries,
  checked,
  choice,
  finiteNumber,
  flag,
  group,
  optionFacts,
  range,
  seedNumber,
  text,
  wholeNumber,
} from './option.js'
import { area, randomAspect, scale } from './box.js'
import { sigma } from './cow.js'
import { DATASET_NAME, DATASET_NAME_TEXT } from './dataset-import.js'
import { BATCH_SIZE, rules } from './rules.js'

const INT32_MAX = 2_147_483_647

export const dataset = group('What to train on.', {
  name: text({
    pattern: DATASET_NAME,
    patternText: DATASET_NAME_TEXT,
    known: ['digits', 'fashion_mnist', 'cifar10', 'cifar100', 'svhn', 'imagenet'],
    description: 'Name of the dataset: one that the worker knows, or one that was imported.',
  }),
  labeled: wholeNumber({
    minimum: 1,
    maximum: INT32_MAX,
    default: AUTO,
    description:
      'How many training images keep their label, the same share of every class; at least one a class. Auto: all.',
  }).optional(),
  seed: seedNumber({ default: 12345, description: 'Chooses which images keep their label.' }).optional(),
  validation: wholeNumber({
    minimum: 0,
    maximum: INT32_MAX,
    default: 0,
    description:
      'How many training images to put aside; where there are any, they are evaluated in place of the test set.',
  }).optional(),
  validationSeed: seedNumber({
    default: 131,
    description: 'Chooses which images are put aside for validation.',
  }).optional(),
  excludeLabeled: flag({
    default: false,
    description:
      "Keep the labeled images out of the unlabeled ones, which otherwise hold them, too, as the authors' do.",
  }).optional(),
  split: text({
    pattern: '^(rule|[0-9a-f]{64})$',
    patternText: "'rule', or the fingerprint of a split, 64 hexadecimal digits",
    known: ['rule'],
    default: 'rule',
    description:
      'Which images are labeled, unlabeled and put aside. rule: drawn by the options above. A fingerprint: as the split of `splits.create()` or `splits.import()` says.',
  }).optional(),
})

const resnetDepth = wholeNumber({
  minimum: 14,
  maximum: 152,
  default: 50,
  description: 'Number of layers: 14, 26, 50, 101 or 152.',
})
  .refine(...checked(rules.resnet_depth))
  .optional()

const model = z
  .discriminatedUnion('name', [
    z.strictObject({
      name: z.literal('wide_resnet'),
      depth: wholeNumber({
        minimum: 10,
        maximum: 1000,
        default: 28,
        description: 'Number of layers: 6n + 4, so 10, 16, 22, 28, ...',
      })
        .refine(...checked(rules.wide_resnet_depth))
        .optional(),
      width: wholeNumber({
        minimum: 1,
        maximum: 64,
        default: 2,
        description: 'Multiplies the 16, 32 and 64 channels of the three groups.',
      }).optional(),
      dropout: finiteNumber({
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0.3,
        description: 'Share of activations dropped between the two convolutions of a block; 0 is none.',
      }).optional(),
    }),
    z.strictObject({
      name: z.literal('shake_shake'),
      depth: wholeNumber({
        minimum: 8,
        maximum: 1000,
        default: 26,
        description: 'Number of layers: 6n + 2, so 8, 14, 20, 26, ...',
      })
        .refine(...checked(rules.shake_shake_depth))
        .optional(),
      width: wholeNumber({
        minimum: 1,
        maximum: 1024,
        default: 96,
        description: 'Channels of the first group, the 96 of 2x96d; the next groups have two and four times as many.',
      }).optional(),
    }),
    z.strictObject({
      name: z.literal('pyramidnet'),
      depth: wholeNumber({
        minimum: 11,
        maximum: 1001,
        default: 272,
        description: 'Number of layers: 9n + 2, so 11, 20, 29, ..., 272.',
      })
        .refine(...checked(rules.pyramidnet_depth))
        .optional(),
      alpha: finiteNumber({
        minimum: 0,
        maximum: 2000,
        default: 200,
        description: 'Channels that the blocks add to the 16 of the stem, evenly, from the first to the last.',
      }).optional(),
      shakeDrop: finiteNumber({
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0.5,
        description: 'Probability that ShakeDrop perturbs the last block; rises linearly from the first; 0 is none.',
      }).optional(),
    }),
    z.strictObject({
      name: z.literal('resnet'),
      depth: resnetDepth,
      width: wholeNumber({
        minimum: 1,
        maximum: 8,
        default: 1,
        description: 'Multiplies every number of channels, the stem included.',
      }).optional(),
    }),
    z.strictObject({
      name: z.literal('resnext'),
      depth: resnetDepth,
      cardinality: wholeNumber({
        minimum: 1,
        maximum: 256,
        default: 32,
        description: 'Groups of the 3x3 convolution, the 32 of 32x4d.',
      }).optional(),
      groupWidth: wholeNumber({
        minimum: 1,
        maximum: 256,
        default: 4,
        description: 'Channels of one group in the first stage, the 4 of 32x4d; doubled from stage to stage.',
      }).optional(),
    }),
  ])
  .register(optionFacts, {
    type: 'oneof',
    shared: [],
    default: 'wide_resnet',
    description:
      'The network. wide_resnet: pre-activation residual network of three groups (Zagoruyko and Komodakis). shake_shake: two branches mixed at random (Gastaldi). pyramidnet: bottlenecks that widen block by block, with ShakeDrop (Han; Yamada). resnet, resnext: bottlenecks for large images (He; Xie).',
  })

const weight = (value: number) =>
  finiteNumber({
    minimum: 0,
    maximum: 1e6,
    default: value,
    description: 'Weight of this consistency loss in the sum of losses.',
  }).optional()

const threshold = (value: number) =>
  finiteNumber({
    minimum: -1,
    maximum: 1,
    default: value,
    description:
      "The teacher's highest probability must be above it for an image to count; 0 or less: every image counts.",
  }).optional()

const average = (value: boolean) =>
  flag({
    default: value,
    description:
      'Multiply the loss of every image by the share of confident images of the batch, in place of dropping the others.',
  }).optional()

const augmentSeparately = flag({
  default: false,
  description: 'Teacher and student see independent random shifts and flips of an image, not the same one.',
}).optional()

const perturbPath = {
  weight: weight(1),
  confidence: group('Which images count.', { threshold: threshold(0.97), average: average(false) }).optional(),
  augmentSeparately,
}

const noise = {
  noiseStd: finiteNumber({
    minimum: 0,
    maximum: 1000,
    default: 1,
    description:
      'Standard deviation of the noise that takes the place of erased pixels, in normalized pixel values; 0 erases to zero.',
  }).optional(),
  maskProbability: finiteNumber({
    minimum: 0,
    maximum: 1,
    default: 1,
    description: 'Probability that an image is erased at all.',
  }).optional(),
}

const perturb = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('mean_teacher'), ...perturbPath }),
    z.strictObject({
      kind: z.literal('cutout'),
      ...perturbPath,
      ...noise,
      area: area('random_size'),
      scale,
      randomAspect,
    }),
    z.strictObject({
      kind: z.literal('cowout'),
      ...perturbPath,
      ...noise,
      sigma,
      proportion: range({
        minimum: 0,
        maximum: 1,
        default: [0.25, 1],
        description: 'Expected share of the image that is kept, drawn uniformly.',
      }).optional(),
    }),
  ])
  .register(optionFacts, {
    type: 'oneof',
    shared: [],
    default: 'none',
    description:
      'Holds the student on a perturbed image to the teacher on the clean one. mean_teacher perturbs by augmentation and dropout alone, cutout erases a box, cowout erases by a CowMask.',
  })

const mixPath = {
  weight: weight(30),
  confidence: group('Which images count.', {
    threshold: threshold(0.6),
    average: average(true),
    source: choice({
      allowed: ['mixed_confidences', 'mixed_probabilities'],
      default: 'mixed_confidences',
      description:
        "What is held to the threshold: the mixture of the two images' confidences, or the confidence of their mixed probabilities.",
    }).optional(),
  }).optional(),
  augmentSeparately,
  mixLogits: flag({
    default: false,
    description: "Mix the teacher's logits in place of its probabilities.",
  }).optional(),
}

const mix = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({
      kind: z.literal('cowmix'),
      ...mixPath,
      sigma,
      proportion: range({
        minimum: 0,
        maximum: 1,
        default: [0.2, 0.8],
        description: 'Expected share of the mixed image that comes from the partner, drawn uniformly.',
      }).optional(),
    }),
    z.strictObject({ kind: z.literal('cutmix'), ...mixPath, area: area('random_area'), scale, randomAspect }),
    z.strictObject({
      kind: z.literal('ict'),
      ...mixPath,
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
    shared: [],
    default: 'cowmix',
    description:
      "Holds the student on a mixture of two images to the mixture of the teacher's two answers. cowmix mixes by a CowMask, cutmix by a box, ict blends whole images.",
  })

const augmentation = group('Random changes of every training image.', {
  shift: wholeNumber({
    minimum: 0,
    maximum: 64,
    default: AUTO,
    description:
      'Largest shift in pixels, the border filled by reflection; 0 is none. Auto: what suits the dataset (digits: 1).',
  }).optional(),
  horizontalFlip: flag({
    default: AUTO,
    description: 'Mirror half of the images. Auto: what suits the dataset (digits: false).',
  }).optional(),
  cropArea: range({
    minimum: 0.001,
    maximum: 1,
    default: AUTO,
    description:
      'Share of an image that is shown, its shape and place drawn at random, too; for datasets whose files are read in training. Auto: [0.05, 1] for those, [1, 1] for others.',
  }).optional(),
  resample: choice({
    allowed: ['antialias', 'reference'],
    default: AUTO,
    description:
      "How what is shown of a file gets its size. antialias: bicubic over all pixels. reference: bicubic over the nearest ones, as the authors' code does. Auto: antialias, reference with strictParity.",
  }).optional(),
  colorJitter: flag({
    default: false,
    description: 'Draw saturation, hue, contrast and brightness of every training image; for images with colors.',
  }).optional(),
  grayscale: finiteNumber({
    minimum: 0,
    maximum: 1,
    default: 0,
    description: 'Probability that color jitter takes the colors of an image, in place of new saturation and hue.',
  }).optional(),
})

const optimizer = group('Stochastic gradient descent.', {
  learningRate: finiteNumber({
    minimum: 0,
    default: 0.05,
    description: 'Rate at a batch of 256; the base rate of a run is this times batchSize / 256.',
  }).optional(),
  momentum: finiteNumber({ minimum: 0, exclusiveMaximum: 1, default: 0.9, description: 'Momentum.' }).optional(),
  nesterov: flag({ default: true, description: "Use Nesterov's form of momentum." }).optional(),
  l2: finiteNumber({
    minimum: 0,
    default: 5e-4,
    description: 'Half of it times the sum of squares of all parameters with more than one dimension joins the loss.',
  }).optional(),
  weightDecay: finiteNumber({
    minimum: 0,
    default: 0,
    description: 'Every step shrinks all parameters by this times the learning rate.',
  }).optional(),
})

const warmup = finiteNumber({
  minimum: 0,
  maximum: 1,
  default: 0,
  description: 'Share of the run over which the rate rises linearly from 0.',
}).optional()

const schedule = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('constant') }),
    z.strictObject({
      kind: z.literal('stepped'),
      boundaries: boundaries({
        most: 100,
        at: { minimum: 0, maximum: 1 },
        factor: { minimum: 0 },
        default: [
          [0.4, 0.2],
          [0.8, 0.04],
        ],
        description: 'From the share `at` of the run on, the rate is `factor` times the base rate.',
      }).optional(),
      warmup,
    }),
    z.strictObject({
      kind: z.literal('cosine'),
      halfLength: finiteNumber({
        exclusiveMinimum: 0,
        maximum: 100,
        default: 1,
        description: 'Length of the half wave as a share of the run; past it the rate rises again.',
      }).optional(),
      warmup,
    }),
  ])
  .register(optionFacts, {
    type: 'oneof',
    shared: [],
    default: 'stepped',
    description: 'How the learning rate goes over the run.',
  })

const teacher = group("The teacher: an average of the student's parameters and batch statistics.", {
  alpha: finiteNumber({
    minimum: 0,
    maximum: 1,
    default: 0.97,
    description: 'Share of itself that the teacher keeps at every step.',
  }).optional(),
  anneal: flag({
    default: false,
    description: 'Let 1 - alpha follow the shape of the learning rate schedule, without its warm-up.',
  }).optional(),
})

const shape = {
  dataset,
  model: model.optional(),
  perturb: perturb.optional(),
  mix: mix.optional(),
  augmentation: augmentation.optional(),
  optimizer: optimizer.optional(),
  schedule: schedule.optional(),
  teacher: teacher.optional(),
  batchSize: wholeNumber({
    minimum: 1,
    maximum: 65_536,
    default: BATCH_SIZE,
    description: 'Labeled images a step; where there are fewer labeled images, they repeat.',
  }).optional(),
  unlabeledBatchSize: wholeNumber({
    minimum: 1,
    maximum: 65_536,
    default: AUTO,
    description: 'Unlabeled images a step, at most as many as there are training images. Auto: batchSize.',
  }).optional(),
  steps: wholeNumber({
    minimum: 1,
    maximum: 100_000_000,
    default: AUTO,
    description: 'Updates to make. Auto: from epochs, an epoch being training images / batchSize, rounded down.',
  }).optional(),
  epochs: finiteNumber({
    exclusiveMinimum: 0,
    maximum: 1e6,
    default: AUTO,
    description: 'Passes over the training images, in place of steps. Auto: 300 where steps is not given either.',
  }).optional(),
  evaluateEvery: wholeNumber({
    minimum: 1,
    maximum: 100_000_000,
    default: AUTO,
    description:
      'Steps from one evaluation to the next; the last step is always evaluated. Auto: a twentieth of the run.',
  }).optional(),
  checkpointEvery: wholeNumber({
    minimum: 1,
    maximum: 100_000_000,
    default: AUTO,
    description: 'Steps from one checkpoint to the next; the last step always has one. Auto: a fifth of the run.',
  }).optional(),
  seed: seedNumber({
    default: 0,
    description: 'Seed of all that is random in training: initial weights, order, augmentation, masks, noise.',
  }).optional(),
  nonFiniteLoss: choice({
    allowed: ['halt', 'skip', 'continue'],
    default: 'halt',
    description:
      'What a step does whose loss is infinite or no number. halt: the run fails. skip: the state stays as it was, the step counts. continue: it is as any other. Only a finite state is ever saved.',
  }).optional(),
  precision: choice({
    allowed: ['float32', 'bfloat16'],
    default: 'float32',
    description:
      'What the networks compute in while they train. bfloat16 is for accelerators, where it is faster and takes half the memory; parameters, teacher, statistics, logits, losses and every evaluation stay float32.',
  }).optional(),
  studentPasses: choice({
    allowed: ['separate', 'together'],
    default: 'separate',
    description:
      'Whether the student sees labeled and unlabeled images in passes of their own, which is faster on a CPU, or together in one, each with its own batch statistics: the same to rounding. together takes as many unlabeled images a step as labeled ones.',
  }).optional(),
  strictParity: flag({
    default: false,
    description:
      "Compute as the authors' code does even where that is a fault: their random stream, SVHN images mirrored, and augmentSeparately of a mix without effect.",
  }).optional(),
  randomStream: choice({
    allowed: ['current', 'reference'],
    default: AUTO,
    description:
      "How keys become random numbers. current: as JAX does today. reference: as it did in the authors' time. Auto: reference with strictParity, else current.",
  }).optional(),
}

/** What an experiment may be asked for. */
export const experimentConfig = group('An experiment.', shape)
  .refine(...checked(rules.steps_or_epochs))
  .refine(...checked(rules.student_passes_together))
