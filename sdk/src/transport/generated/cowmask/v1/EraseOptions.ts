// Original file: proto/cowmask/v1/masks.proto

import type { CowMaskOptions as _cowmask_v1_CowMaskOptions, CowMaskOptions__Output as _cowmask_v1_CowMaskOptions__Output } from '../../cowmask/v1/CowMaskOptions.js';
import type { BoxMaskOptions as _cowmask_v1_BoxMaskOptions, BoxMaskOptions__Output as _cowmask_v1_BoxMaskOptions__Output } from '../../cowmask/v1/BoxMaskOptions.js';

export interface EraseOptions {
  'seed'?: (number);
  'noiseStd'?: (number | string);
  'maskProbability'?: (number | string);
  'cowout'?: (_cowmask_v1_CowMaskOptions | null);
  'cutout'?: (_cowmask_v1_BoxMaskOptions | null);
  'stream'?: (string);
  '_seed'?: "seed";
  '_noiseStd'?: "noiseStd";
  '_maskProbability'?: "maskProbability";
  '_stream'?: "stream";
  'kind'?: "cowout"|"cutout";
}

export interface EraseOptions__Output {
  'seed'?: (number);
  'noiseStd'?: (number);
  'maskProbability'?: (number);
  'cowout'?: (_cowmask_v1_CowMaskOptions__Output | null);
  'cutout'?: (_cowmask_v1_BoxMaskOptions__Output | null);
  'stream'?: (string);
  '_seed'?: "seed";
  '_noiseStd'?: "noiseStd";
  '_maskProbability'?: "maskProbability";
  '_stream'?: "stream";
  'kind'?: "cowout"|"cutout";
}
