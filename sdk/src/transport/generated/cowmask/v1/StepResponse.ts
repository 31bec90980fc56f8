// Original file: proto/cowmask/v1/experiments.proto

import type { Metrics as _cowmask_v1_Metrics, Metrics__Output as _cowmask_v1_Metrics__Output } from '../../cowmask/v1/Metrics.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface StepResponse {
  'metrics'?: (_cowmask_v1_Metrics | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "metrics"|"chunk";
}

export interface StepResponse__Output {
  'metrics'?: (_cowmask_v1_Metrics__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "metrics"|"chunk";
}
