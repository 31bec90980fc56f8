// Original file: proto/cowmask/v1/error.proto

import type { Failure as _cowmask_v1_Failure, Failure__Output as _cowmask_v1_Failure__Output } from '../../cowmask/v1/Failure.js';
import type { FieldViolation as _cowmask_v1_FieldViolation, FieldViolation__Output as _cowmask_v1_FieldViolation__Output } from '../../cowmask/v1/FieldViolation.js';

export interface ErrorDetail {
  'failure'?: (_cowmask_v1_Failure | null);
  'violations'?: (_cowmask_v1_FieldViolation)[];
}

export interface ErrorDetail__Output {
  'failure': (_cowmask_v1_Failure__Output | null);
  'violations': (_cowmask_v1_FieldViolation__Output)[];
}
