// Original file: proto/cowmask/v1/splits.proto

import type { Split as _cowmask_v1_Split, Split__Output as _cowmask_v1_Split__Output } from '../../cowmask/v1/Split.js';

export interface SplitsImportResponse {
  'split'?: (_cowmask_v1_Split | null);
}

export interface SplitsImportResponse__Output {
  'split': (_cowmask_v1_Split__Output | null);
}
