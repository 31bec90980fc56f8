// Original file: proto/cowmask/v1/masks.proto

import type { MixOptions as _cowmask_v1_MixOptions, MixOptions__Output as _cowmask_v1_MixOptions__Output } from '../../cowmask/v1/MixOptions.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface MixRequest {
  'options'?: (_cowmask_v1_MixOptions | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "options"|"chunk";
}

export interface MixRequest__Output {
  'options'?: (_cowmask_v1_MixOptions__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "options"|"chunk";
}
