// Original file: proto/cowmask/v1/splits.proto

import type { SplitSelector as _cowmask_v1_SplitSelector, SplitSelector__Output as _cowmask_v1_SplitSelector__Output } from '../../cowmask/v1/SplitSelector.js';

export interface SplitsExportRequest {
  'split'?: (_cowmask_v1_SplitSelector | null);
}

export interface SplitsExportRequest__Output {
  'split': (_cowmask_v1_SplitSelector__Output | null);
}
