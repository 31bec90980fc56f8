// Original file: proto/cowmask/v1/experiments.proto

import type { ImportOptions as _cowmask_v1_ImportOptions, ImportOptions__Output as _cowmask_v1_ImportOptions__Output } from '../../cowmask/v1/ImportOptions.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface ImportRequest {
  'options'?: (_cowmask_v1_ImportOptions | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "options"|"chunk";
}

export interface ImportRequest__Output {
  'options'?: (_cowmask_v1_ImportOptions__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "options"|"chunk";
}
