// Original file: proto/cowmask/v1/experiment_config.proto

import type { Confidence as _cowmask_v1_Confidence, Confidence__Output as _cowmask_v1_Confidence__Output } from '../../cowmask/v1/Confidence.js';

export interface MeanTeacher {
  'weight'?: (number | string);
  'confidence'?: (_cowmask_v1_Confidence | null);
  'augmentSeparately'?: (boolean);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
}

export interface MeanTeacher__Output {
  'weight'?: (number);
  'confidence'?: (_cowmask_v1_Confidence__Output | null);
  'augmentSeparately'?: (boolean);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
}
