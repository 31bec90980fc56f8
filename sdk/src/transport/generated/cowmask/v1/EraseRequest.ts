// Original file: proto/cowmask/v1/masks.proto

import type { EraseOptions as _cowmask_v1_EraseOptions, EraseOptions__Output as _cowmask_v1_EraseOptions__Output } from '../../cowmask/v1/EraseOptions.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface EraseRequest {
  'options'?: (_cowmask_v1_EraseOptions | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "options"|"chunk";
}

export interface EraseRequest__Output {
  'options'?: (_cowmask_v1_EraseOptions__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "options"|"chunk";
}
