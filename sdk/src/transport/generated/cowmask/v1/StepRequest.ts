// Original file: proto/cowmask/v1/experiments.proto

import type { StepOptions as _cowmask_v1_StepOptions, StepOptions__Output as _cowmask_v1_StepOptions__Output } from '../../cowmask/v1/StepOptions.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface StepRequest {
  'options'?: (_cowmask_v1_StepOptions | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "options"|"chunk";
}

export interface StepRequest__Output {
  'options'?: (_cowmask_v1_StepOptions__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "options"|"chunk";
}
