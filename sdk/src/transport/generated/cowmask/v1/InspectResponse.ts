// Original file: proto/cowmask/v1/datasets.proto

import type { Dataset as _cowmask_v1_Dataset, Dataset__Output as _cowmask_v1_Dataset__Output } from '../../cowmask/v1/Dataset.js';

export interface InspectResponse {
  'dataset'?: (_cowmask_v1_Dataset | null);
  'trainCounts'?: (number)[];
  'testCounts'?: (number)[];
  'digest'?: (string);
}

export interface InspectResponse__Output {
  'dataset': (_cowmask_v1_Dataset__Output | null);
  'trainCounts': (number)[];
  'testCounts': (number)[];
  'digest': (string);
}
