// Original file: proto/cowmask/v1/system.proto

import type { Limits as _cowmask_v1_Limits, Limits__Output as _cowmask_v1_Limits__Output } from '../../cowmask/v1/Limits.js';

export interface InfoResponse {
  'workerVersion'?: (string);
  'protocol'?: (number);
  'pythonVersion'?: (string);
  'packages'?: ({[key: string]: string});
  'limits'?: (_cowmask_v1_Limits | null);
  'pid'?: (number);
  'uptimeMs'?: (number | string);
}

export interface InfoResponse__Output {
  'workerVersion': (string);
  'protocol': (number);
  'pythonVersion': (string);
  'packages': ({[key: string]: string});
  'limits': (_cowmask_v1_Limits__Output | null);
  'pid': (number);
  'uptimeMs': (number);
}
