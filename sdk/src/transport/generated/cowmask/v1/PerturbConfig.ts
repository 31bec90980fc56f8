// Original file: proto/cowmask/v1/experiment_config.proto

import type { NoPerturbation as _cowmask_v1_NoPerturbation, NoPerturbation__Output as _cowmask_v1_NoPerturbation__Output } from '../../cowmask/v1/NoPerturbation.js';
import type { MeanTeacher as _cowmask_v1_MeanTeacher, MeanTeacher__Output as _cowmask_v1_MeanTeacher__Output } from '../../cowmask/v1/MeanTeacher.js';
import type { Cutout as _cowmask_v1_Cutout, Cutout__Output as _cowmask_v1_Cutout__Output } from '../../cowmask/v1/Cutout.js';
import type { Cowout as _cowmask_v1_Cowout, Cowout__Output as _cowmask_v1_Cowout__Output } from '../../cowmask/v1/Cowout.js';

export interface PerturbConfig {
  'none'?: (_cowmask_v1_NoPerturbation | null);
  'meanTeacher'?: (_cowmask_v1_MeanTeacher | null);
  'cutout'?: (_cowmask_v1_Cutout | null);
  'cowout'?: (_cowmask_v1_Cowout | null);
  'kind'?: "none"|"meanTeacher"|"cutout"|"cowout";
}

export interface PerturbConfig__Output {
  'none'?: (_cowmask_v1_NoPerturbation__Output | null);
  'meanTeacher'?: (_cowmask_v1_MeanTeacher__Output | null);
  'cutout'?: (_cowmask_v1_Cutout__Output | null);
  'cowout'?: (_cowmask_v1_Cowout__Output | null);
  'kind'?: "none"|"meanTeacher"|"cutout"|"cowout";
}
