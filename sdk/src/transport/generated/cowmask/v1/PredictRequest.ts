// Original file: proto/cowmask/v1/models.proto

import type { ModelSelector as _cowmask_v1_ModelSelector, ModelSelector__Output as _cowmask_v1_ModelSelector__Output } from '../../cowmask/v1/ModelSelector.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface PredictRequest {
  'model'?: (_cowmask_v1_ModelSelector | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "model"|"chunk";
}

export interface PredictRequest__Output {
  'model'?: (_cowmask_v1_ModelSelector__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "model"|"chunk";
}
