// Original file: proto/cowmask/v1/experiments.proto

import type { Run as _cowmask_v1_Run, Run__Output as _cowmask_v1_Run__Output } from '../../cowmask/v1/Run.js';

export interface ImportResponse {
  'run'?: (_cowmask_v1_Run | null);
}

export interface ImportResponse__Output {
  'run': (_cowmask_v1_Run__Output | null);
}
