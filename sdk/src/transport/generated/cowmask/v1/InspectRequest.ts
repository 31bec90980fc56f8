// Original file: proto/cowmask/v1/datasets.proto

import type { DataSource as _cowmask_v1_DataSource, DataSource__Output as _cowmask_v1_DataSource__Output } from '../../cowmask/v1/DataSource.js';
import type { InspectOptions as _cowmask_v1_InspectOptions, InspectOptions__Output as _cowmask_v1_InspectOptions__Output } from '../../cowmask/v1/InspectOptions.js';

export interface InspectRequest {
  'name'?: (string);
  'source'?: (_cowmask_v1_DataSource | null);
  'options'?: (_cowmask_v1_InspectOptions | null);
  '_source'?: "source";
}

export interface InspectRequest__Output {
  'name': (string);
  'source'?: (_cowmask_v1_DataSource__Output | null);
  'options': (_cowmask_v1_InspectOptions__Output | null);
  '_source'?: "source";
}
