import type { ModelConfig } from './option-types.js'

/** The networks that the authors' code builds, under its names (`--architecture`), as `model` of an experiment. */
export const networks = {
  wrn20_10: { name: 'wide_resnet', depth: 22, width: 10, dropout: 0.3 },
  wrn26_10: { name: 'wide_resnet', depth: 28, width: 10, dropout: 0.3 },
  wrn26_2: { name: 'wide_resnet', depth: 28, width: 2, dropout: 0.3 },
  wrn20_6_shakeshake: { name: 'shake_shake', depth: 20, width: 96 },
  wrn26_6_shakeshake: { name: 'shake_shake', depth: 26, width: 96 },
  wrn26_2_shakeshake: { name: 'shake_shake', depth: 26, width: 32 },
  pyramid: { name: 'pyramidnet', depth: 272, alpha: 200, shakeDrop: 0.5 },
  resnet50: { name: 'resnet', depth: 50, width: 1 },
  resnet101: { name: 'resnet', depth: 101, width: 1 },
  resnet152: { name: 'resnet', depth: 152, width: 1 },
  resnet50x2: { name: 'resnet', depth: 50, width: 2 },
  resnet101x2: { name: 'resnet', depth: 101, width: 2 },
  resnet152x2: { name: 'resnet', depth: 152, width: 2 },
  resnext50_32x4d: { name: 'resnext', depth: 50, cardinality: 32, groupWidth: 4 },
  resnext101_32x8d: { name: 'resnext', depth: 101, cardinality: 32, groupWidth: 8 },
  resnext152_32x4d: { name: 'resnext', depth: 152, cardinality: 32, groupWidth: 4 },
} as const satisfies Record<string, ModelConfig>
