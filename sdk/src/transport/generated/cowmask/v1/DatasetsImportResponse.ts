// Original file: proto/cowmask/v1/datasets.proto

import type { DatasetProgress as _cowmask_v1_DatasetProgress, DatasetProgress__Output as _cowmask_v1_DatasetProgress__Output } from '../../cowmask/v1/DatasetProgress.js';
import type { Dataset as _cowmask_v1_Dataset, Dataset__Output as _cowmask_v1_Dataset__Output } from '../../cowmask/v1/Dataset.js';

export interface DatasetsImportResponse {
  'progress'?: (_cowmask_v1_DatasetProgress | null);
  'dataset'?: (_cowmask_v1_Dataset | null);
  'part'?: "progress"|"dataset";
}

export interface DatasetsImportResponse__Output {
  'progress'?: (_cowmask_v1_DatasetProgress__Output | null);
  'dataset'?: (_cowmask_v1_Dataset__Output | null);
  'part'?: "progress"|"dataset";
}
