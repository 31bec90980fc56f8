// Original file: proto/cowmask/v1/experiment_config.proto

import type { Range as _cowmask_v1_Range, Range__Output as _cowmask_v1_Range__Output } from '../../cowmask/v1/Range.js';

export interface AugmentationConfig {
  'shift'?: (number);
  'horizontalFlip'?: (boolean);
  'cropArea'?: (_cowmask_v1_Range | null);
  'resample'?: (string);
  'colorJitter'?: (boolean);
  'grayscale'?: (number | string);
  '_shift'?: "shift";
  '_horizontalFlip'?: "horizontalFlip";
  '_cropArea'?: "cropArea";
  '_resample'?: "resample";
  '_colorJitter'?: "colorJitter";
  '_grayscale'?: "grayscale";
}

export interface AugmentationConfig__Output {
  'shift'?: (number);
  'horizontalFlip'?: (boolean);
  'cropArea'?: (_cowmask_v1_Range__Output | null);
  'resample'?: (string);
  'colorJitter'?: (boolean);
  'grayscale'?: (number);
  '_shift'?: "shift";
  '_horizontalFlip'?: "horizontalFlip";
  '_cropArea'?: "cropArea";
  '_resample'?: "resample";
  '_colorJitter'?: "colorJitter";
  '_grayscale'?: "grayscale";
}
