// Original file: proto/cowmask/v1/experiment_config.proto

import type { MixConfidence as _cowmask_v1_MixConfidence, MixConfidence__Output as _cowmask_v1_MixConfidence__Output } from '../../cowmask/v1/MixConfidence.js';

export interface Cutmix {
  'weight'?: (number | string);
  'confidence'?: (_cowmask_v1_MixConfidence | null);
  'augmentSeparately'?: (boolean);
  'mixLogits'?: (boolean);
  'area'?: (string);
  'scale'?: (number | string);
  'randomAspect'?: (boolean);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_mixLogits'?: "mixLogits";
  '_area'?: "area";
  '_scale'?: "scale";
  '_randomAspect'?: "randomAspect";
}

export interface Cutmix__Output {
  'weight'?: (number);
  'confidence'?: (_cowmask_v1_MixConfidence__Output | null);
  'augmentSeparately'?: (boolean);
  'mixLogits'?: (boolean);
  'area'?: (string);
  'scale'?: (number);
  'randomAspect'?: (boolean);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_mixLogits'?: "mixLogits";
  '_area'?: "area";
  '_scale'?: "scale";
  '_randomAspect'?: "randomAspect";
}
