// Original file: proto/cowmask/v1/splits.proto

import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface SplitsExportResponse {
  'chunk'?: (_cowmask_v1_TensorChunk | null);
}

export interface SplitsExportResponse__Output {
  'chunk': (_cowmask_v1_TensorChunk__Output | null);
}
