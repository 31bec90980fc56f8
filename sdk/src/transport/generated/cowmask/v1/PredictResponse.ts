// Original file: proto/cowmask/v1/models.proto

import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface PredictResponse {
  'chunk'?: (_cowmask_v1_TensorChunk | null);
}

export interface PredictResponse__Output {
  'chunk': (_cowmask_v1_TensorChunk__Output | null);
}
