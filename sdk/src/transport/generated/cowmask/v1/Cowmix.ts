// Original file: proto/cowmask/v1/experiment_config.proto

import type { MixConfidence as _cowmask_v1_MixConfidence, MixConfidence__Output as _cowmask_v1_MixConfidence__Output } from '../../cowmask/v1/MixConfidence.js';
import type { Range as _cowmask_v1_Range, Range__Output as _cowmask_v1_Range__Output } from '../../cowmask/v1/Range.js';

export interface Cowmix {
  'weight'?: (number | string);
  'confidence'?: (_cowmask_v1_MixConfidence | null);
  'augmentSeparately'?: (boolean);
  'mixLogits'?: (boolean);
  'sigma'?: (_cowmask_v1_Range | null);
  'proportion'?: (_cowmask_v1_Range | null);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_mixLogits'?: "mixLogits";
  '_sigma'?: "sigma";
  '_proportion'?: "proportion";
}

export interface Cowmix__Output {
  'weight'?: (number);
  'confidence'?: (_cowmask_v1_MixConfidence__Output | null);
  'augmentSeparately'?: (boolean);
  'mixLogits'?: (boolean);
  'sigma'?: (_cowmask_v1_Range__Output | null);
  'proportion'?: (_cowmask_v1_Range__Output | null);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_mixLogits'?: "mixLogits";
  '_sigma'?: "sigma";
  '_proportion'?: "proportion";
}
