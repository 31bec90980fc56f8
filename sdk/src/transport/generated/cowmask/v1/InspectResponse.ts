// Original file: proto/cowmask/v1/datasets.proto

import type { Dataset as _cowmask_v1_Dataset, Dataset__Output as _cowmask_v1_Dataset__Output } from '../../cowmask/v1/Dataset.js';
import type { InspectionReport as _cowmask_v1_InspectionReport, InspectionReport__Output as _cowmask_v1_InspectionReport__Output } from '../../cowmask/v1/InspectionReport.js';

export interface InspectResponse {
  'dataset'?: (_cowmask_v1_Dataset | null);
  'trainCounts'?: (number)[];
  'testCounts'?: (number)[];
  'digest'?: (string);
  'report'?: (_cowmask_v1_InspectionReport | null);
  'contactSheet'?: (Buffer | Uint8Array | string);
}

export interface InspectResponse__Output {
  'dataset': (_cowmask_v1_Dataset__Output | null);
  'trainCounts': (number)[];
  'testCounts': (number)[];
  'digest': (string);
  'report': (_cowmask_v1_InspectionReport__Output | null);
  'contactSheet': (Buffer);
}
