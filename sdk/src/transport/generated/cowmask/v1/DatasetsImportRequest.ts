// Original file: proto/cowmask/v1/datasets.proto

import type { DatasetImport as _cowmask_v1_DatasetImport, DatasetImport__Output as _cowmask_v1_DatasetImport__Output } from '../../cowmask/v1/DatasetImport.js';
import type { TensorChunk as _cowmask_v1_TensorChunk, TensorChunk__Output as _cowmask_v1_TensorChunk__Output } from '../../cowmask/v1/TensorChunk.js';

export interface DatasetsImportRequest {
  'dataset'?: (_cowmask_v1_DatasetImport | null);
  'chunk'?: (_cowmask_v1_TensorChunk | null);
  'part'?: "dataset"|"chunk";
}

export interface DatasetsImportRequest__Output {
  'dataset'?: (_cowmask_v1_DatasetImport__Output | null);
  'chunk'?: (_cowmask_v1_TensorChunk__Output | null);
  'part'?: "dataset"|"chunk";
}
