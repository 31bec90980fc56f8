// Original file: proto/cowmask/v1/splits.proto

import type { SplitOptions as _cowmask_v1_SplitOptions, SplitOptions__Output as _cowmask_v1_SplitOptions__Output } from '../../cowmask/v1/SplitOptions.js';

export interface SplitsCreateRequest {
  'dataset'?: (string);
  'options'?: (_cowmask_v1_SplitOptions | null);
}

export interface SplitsCreateRequest__Output {
  'dataset': (string);
  'options': (_cowmask_v1_SplitOptions__Output | null);
}
