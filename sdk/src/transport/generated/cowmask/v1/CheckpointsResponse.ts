// Original file: proto/cowmask/v1/models.proto

import type { Checkpoint as _cowmask_v1_Checkpoint, Checkpoint__Output as _cowmask_v1_Checkpoint__Output } from '../../cowmask/v1/Checkpoint.js';

export interface CheckpointsResponse {
  'checkpoints'?: (_cowmask_v1_Checkpoint)[];
}

export interface CheckpointsResponse__Output {
  'checkpoints': (_cowmask_v1_Checkpoint__Output)[];
}
