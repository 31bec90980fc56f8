// Original file: proto/cowmask/v1/experiment_config.proto

import type { MixConfidence as _cowmask_v1_MixConfidence, MixConfidence__Output as _cowmask_v1_MixConfidence__Output } from '../../cowmask/v1/MixConfidence.js';

export interface Ict {
  'weight'?: (number | string);
  'confidence'?: (_cowmask_v1_MixConfidence | null);
  'augmentSeparately'?: (boolean);
  'mixLogits'?: (boolean);
  'alpha'?: (number | string);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_mixLogits'?: "mixLogits";
  '_alpha'?: "alpha";
}

export interface Ict__Output {
  'weight'?: (number);
  'confidence'?: (_cowmask_v1_MixConfidence__Output | null);
  'augmentSeparately'?: (boolean);
  'mixLogits'?: (boolean);
  'alpha'?: (number);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_mixLogits'?: "mixLogits";
  '_alpha'?: "alpha";
}
