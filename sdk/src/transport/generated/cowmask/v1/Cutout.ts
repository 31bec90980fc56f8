// Original file: proto/cowmask/v1/experiment_config.proto

import type { Confidence as _cowmask_v1_Confidence, Confidence__Output as _cowmask_v1_Confidence__Output } from '../../cowmask/v1/Confidence.js';

export interface Cutout {
  'weight'?: (number | string);
  'confidence'?: (_cowmask_v1_Confidence | null);
  'augmentSeparately'?: (boolean);
  'noiseStd'?: (number | string);
  'maskProbability'?: (number | string);
  'area'?: (string);
  'scale'?: (number | string);
  'randomAspect'?: (boolean);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_noiseStd'?: "noiseStd";
  '_maskProbability'?: "maskProbability";
  '_area'?: "area";
  '_scale'?: "scale";
  '_randomAspect'?: "randomAspect";
}

export interface Cutout__Output {
  'weight'?: (number);
  'confidence'?: (_cowmask_v1_Confidence__Output | null);
  'augmentSeparately'?: (boolean);
  'noiseStd'?: (number);
  'maskProbability'?: (number);
  'area'?: (string);
  'scale'?: (number);
  'randomAspect'?: (boolean);
  '_weight'?: "weight";
  '_confidence'?: "confidence";
  '_augmentSeparately'?: "augmentSeparately";
  '_noiseStd'?: "noiseStd";
  '_maskProbability'?: "maskProbability";
  '_area'?: "area";
  '_scale'?: "scale";
  '_randomAspect'?: "randomAspect";
}
