// Original file: proto/cowmask/v1/datasets.proto

import type { Dataset as _cowmask_v1_Dataset, Dataset__Output as _cowmask_v1_Dataset__Output } from '../../cowmask/v1/Dataset.js';

export interface DatasetsListResponse {
  'datasets'?: (_cowmask_v1_Dataset)[];
}

export interface DatasetsListResponse__Output {
  'datasets': (_cowmask_v1_Dataset__Output)[];
}
