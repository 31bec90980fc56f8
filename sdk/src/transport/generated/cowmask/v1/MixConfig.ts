// Original file: proto/cowmask/v1/experiment_config.proto

import type { NoMix as _cowmask_v1_NoMix, NoMix__Output as _cowmask_v1_NoMix__Output } from '../../cowmask/v1/NoMix.js';
import type { Cowmix as _cowmask_v1_Cowmix, Cowmix__Output as _cowmask_v1_Cowmix__Output } from '../../cowmask/v1/Cowmix.js';
import type { Cutmix as _cowmask_v1_Cutmix, Cutmix__Output as _cowmask_v1_Cutmix__Output } from '../../cowmask/v1/Cutmix.js';
import type { Ict as _cowmask_v1_Ict, Ict__Output as _cowmask_v1_Ict__Output } from '../../cowmask/v1/Ict.js';

export interface MixConfig {
  'none'?: (_cowmask_v1_NoMix | null);
  'cowmix'?: (_cowmask_v1_Cowmix | null);
  'cutmix'?: (_cowmask_v1_Cutmix | null);
  'ict'?: (_cowmask_v1_Ict | null);
  'kind'?: "none"|"cowmix"|"cutmix"|"ict";
}

export interface MixConfig__Output {
  'none'?: (_cowmask_v1_NoMix__Output | null);
  'cowmix'?: (_cowmask_v1_Cowmix__Output | null);
  'cutmix'?: (_cowmask_v1_Cutmix__Output | null);
  'ict'?: (_cowmask_v1_Ict__Output | null);
  'kind'?: "none"|"cowmix"|"cutmix"|"ict";
}
