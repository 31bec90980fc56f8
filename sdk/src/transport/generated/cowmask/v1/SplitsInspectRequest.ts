// Original file: proto/cowmask/v1/splits.proto

import type { SplitSelector as _cowmask_v1_SplitSelector, SplitSelector__Output as _cowmask_v1_SplitSelector__Output } from '../../cowmask/v1/SplitSelector.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface SplitsInspectRequest {
  'kept'?: (_cowmask_v1_SplitSelector | null);
  'file'?: (string);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "kept"|"file"|"chunk";
}

export interface SplitsInspectRequest__Output {
  'kept'?: (_cowmask_v1_SplitSelector__Output | null);
  'file'?: (string);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "kept"|"file"|"chunk";
}
