// Original file: proto/cowmask/v1/experiment_config.proto

import type { ConstantSchedule as _cowmask_v1_ConstantSchedule, ConstantSchedule__Output as _cowmask_v1_ConstantSchedule__Output } from '../../cowmask/v1/ConstantSchedule.js';
import type { SteppedSchedule as _cowmask_v1_SteppedSchedule, SteppedSchedule__Output as _cowmask_v1_SteppedSchedule__Output } from '../../cowmask/v1/SteppedSchedule.js';
import type { CosineSchedule as _cowmask_v1_CosineSchedule, CosineSchedule__Output as _cowmask_v1_CosineSchedule__Output } from '../../cowmask/v1/CosineSchedule.js';

export interface ScheduleConfig {
  'constant'?: (_cowmask_v1_ConstantSchedule | null);
  'stepped'?: (_cowmask_v1_SteppedSchedule | null);
  'cosine'?: (_cowmask_v1_CosineSchedule | null);
  'kind'?: "constant"|"stepped"|"cosine";
}

export interface ScheduleConfig__Output {
  'constant'?: (_cowmask_v1_ConstantSchedule__Output | null);
  'stepped'?: (_cowmask_v1_SteppedSchedule__Output | null);
  'cosine'?: (_cowmask_v1_CosineSchedule__Output | null);
  'kind'?: "constant"|"stepped"|"cosine";
}
