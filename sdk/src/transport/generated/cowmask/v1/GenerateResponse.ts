// Original file: proto/cowmask/v1/masks.proto

import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface GenerateResponse {
  'chunk'?: (_cowmask_v1_TensorChunk | null);
}

export interface GenerateResponse__Output {
  'chunk': (_cowmask_v1_TensorChunk__Output | null);
}
