// Original file: proto/cowmask/v1/experiment_config.proto

import type { Confidence as _cowmask_v1_Confidence, Confidence__Output as _cowmask_v1_Confidence__Output } from '../../cowmask/v1/Confidence.js';
import type { Range as _cowmask_v1_Range, Range__Output as _cowmask_v1_Range__Output } from '../../cowmask/v1/Range.js';

export interface Cowout {
  'weight'?: (number | string);
  'confidence'?: (_cowmask_v1_Confidence | null);
  'augmentSeparately'?: (boolean);
  'noiseStd'?: (number | string);
  'maskProbability'?: (number | string);
  'sigma'?: (_cowmask_v1_Range | null);
  'proportion'?: (_cowmask_v1_Range | null);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_noiseStd'?: "noiseStd";
  '_maskProbability'?: "maskProbability";
  '_sigma'?: "sigma";
  '_proportion'?: "proportion";
}

export interface Cowout__Output {
  'weight'?: (number);
  'confidence'?: (_cowmask_v1_Confidence__Output | null);
  'augmentSeparately'?: (boolean);
  'noiseStd'?: (number);
  'maskProbability'?: (number);
  'sigma'?: (_cowmask_v1_Range__Output | null);
  'proportion'?: (_cowmask_v1_Range__Output | null);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_noiseStd'?: "noiseStd";
  '_maskProbability'?: "maskProbability";
  '_sigma'?: "sigma";
  '_proportion'?: "proportion";
}
