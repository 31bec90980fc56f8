// Original file: proto/cowmask/v1/event.proto

import type { RunState as _cowmask_v1_RunState, RunState__Output as _cowmask_v1_RunState__Output } from '../../cowmask/v1/RunState.js';
import type { Evaluation as _cowmask_v1_Evaluation, Evaluation__Output as _cowmask_v1_Evaluation__Output } from '../../cowmask/v1/Evaluation.js';
import type { Checkpoint as _cowmask_v1_Checkpoint, Checkpoint__Output as _cowmask_v1_Checkpoint__Output } from '../../cowmask/v1/Checkpoint.js';
import type { Failure as _cowmask_v1_Failure, Failure__Output as _cowmask_v1_Failure__Output } from '../../cowmask/v1/Failure.js';

export interface Finished {
  'state'?: (_cowmask_v1_RunState);
  'step'?: (number);
  'evaluation'?: (_cowmask_v1_Evaluation | null);
  'checkpoint'?: (_cowmask_v1_Checkpoint | null);
  'cause'?: (_cowmask_v1_Failure | null);
  '_evaluation'?: "evaluation";
  '_checkpoint'?: "checkpoint";
  '_cause'?: "cause";
}

export interface Finished__Output {
  'state': (_cowmask_v1_RunState__Output);
  'step': (number);
  'evaluation'?: (_cowmask_v1_Evaluation__Output | null);
  'checkpoint'?: (_cowmask_v1_Checkpoint__Output | null);
  'cause'?: (_cowmask_v1_Failure__Output | null);
  '_evaluation'?: "evaluation";
  '_checkpoint'?: "checkpoint";
  '_cause'?: "cause";
}
