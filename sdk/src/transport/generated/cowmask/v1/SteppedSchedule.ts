// Original file: proto/cowmask/v1/experiment_config.proto

import type { Boundary as _cowmask_v1_Boundary, Boundary__Output as _cowmask_v1_Boundary__Output } from '../../cowmask/v1/Boundary.js';

export interface SteppedSchedule {
  'boundaries'?: (_cowmask_v1_Boundary)[];
  'warmup'?: (number | string);
  '_warmup'?: "warmup";
}

export interface SteppedSchedule__Output {
  'boundaries': (_cowmask_v1_Boundary__Output)[];
  'warmup'?: (number);
  '_warmup'?: "warmup";
}
