// Original file: proto/cowmask/v1/masks.proto

import type { CowMaskOptions as _cowmask_v1_CowMaskOptions, CowMaskOptions__Output as _cowmask_v1_CowMaskOptions__Output } from '../../cowmask/v1/CowMaskOptions.js';
import type { BoxMaskOptions as _cowmask_v1_BoxMaskOptions, BoxMaskOptions__Output as _cowmask_v1_BoxMaskOptions__Output } from '../../cowmask/v1/BoxMaskOptions.js';
import type { IctMixOptions as _cowmask_v1_IctMixOptions, IctMixOptions__Output as _cowmask_v1_IctMixOptions__Output } from '../../cowmask/v1/IctMixOptions.js';

export interface MixOptions {
  'seed'?: (number);
  'cowmix'?: (_cowmask_v1_CowMaskOptions | null);
  'cutmix'?: (_cowmask_v1_BoxMaskOptions | null);
  'ict'?: (_cowmask_v1_IctMixOptions | null);
  'stream'?: (string);
  '_seed'?: "seed";
  '_stream'?: "stream";
  'kind'?: "cowmix"|"cutmix"|"ict";
}

export interface MixOptions__Output {
  'seed'?: (number);
  'cowmix'?: (_cowmask_v1_CowMaskOptions__Output | null);
  'cutmix'?: (_cowmask_v1_BoxMaskOptions__Output | null);
  'ict'?: (_cowmask_v1_IctMixOptions__Output | null);
  'stream'?: (string);
  '_seed'?: "seed";
  '_stream'?: "stream";
  'kind'?: "cowmix"|"cutmix"|"ict";
}
