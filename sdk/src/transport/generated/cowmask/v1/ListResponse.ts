// Original file: proto/cowmask/v1/experiments.proto

import type { Run as _cowmask_v1_Run, Run__Output as _cowmask_v1_Run__Output } from '../../cowmask/v1/Run.js';

export interface ListResponse {
  'runs'?: (_cowmask_v1_Run)[];
  'nextPageToken'?: (string);
}

export interface ListResponse__Output {
  'runs': (_cowmask_v1_Run__Output)[];
  'nextPageToken': (string);
}
