// Original file: proto/cowmask/v1/splits.proto

import type { SplitImport as _cowmask_v1_SplitImport, SplitImport__Output as _cowmask_v1_SplitImport__Output } from '../../cowmask/v1/SplitImport.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface SplitsImportRequest {
  'split'?: (_cowmask_v1_SplitImport | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "split"|"chunk";
}

export interface SplitsImportRequest__Output {
  'split'?: (_cowmask_v1_SplitImport__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "split"|"chunk";
}
