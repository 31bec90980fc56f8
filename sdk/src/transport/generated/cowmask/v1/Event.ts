// Original file: proto/cowmask/v1/event.proto

import type { StateChanged as _cowmask_v1_StateChanged, StateChanged__Output as _cowmask_v1_StateChanged__Output } from '../../cowmask/v1/StateChanged.js';
import type { Progress as _cowmask_v1_Progress, Progress__Output as _cowmask_v1_Progress__Output } from '../../cowmask/v1/Progress.js';
import type { Metrics as _cowmask_v1_Metrics, Metrics__Output as _cowmask_v1_Metrics__Output } from '../../cowmask/v1/Metrics.js';
import type { Evaluation as _cowmask_v1_Evaluation, Evaluation__Output as _cowmask_v1_Evaluation__Output } from '../../cowmask/v1/Evaluation.js';
import type { Checkpoint as _cowmask_v1_Checkpoint, Checkpoint__Output as _cowmask_v1_Checkpoint__Output } from '../../cowmask/v1/Checkpoint.js';
import type { Warning as _cowmask_v1_Warning, Warning__Output as _cowmask_v1_Warning__Output } from '../../cowmask/v1/Warning.js';
import type { Finished as _cowmask_v1_Finished, Finished__Output as _cowmask_v1_Finished__Output } from '../../cowmask/v1/Finished.js';

export interface Event {
  'seq'?: (number);
  'attempt'?: (number);
  'time'?: (string);
  'state'?: (_cowmask_v1_StateChanged | null);
  'progress'?: (_cowmask_v1_Progress | null);
  'metrics'?: (_cowmask_v1_Metrics | null);
  'evaluation'?: (_cowmask_v1_Evaluation | null);
  'checkpoint'?: (_cowmask_v1_Checkpoint | null);
  'warning'?: (_cowmask_v1_Warning | null);
  'finished'?: (_cowmask_v1_Finished | null);
  'type'?: "state"|"progress"|"metrics"|"evaluation"|"checkpoint"|"warning"|"finished";
}

export interface Event__Output {
  'seq': (number);
  'attempt': (number);
  'time': (string);
  'state'?: (_cowmask_v1_StateChanged__Output | null);
  'progress'?: (_cowmask_v1_Progress__Output | null);
  'metrics'?: (_cowmask_v1_Metrics__Output | null);
  'evaluation'?: (_cowmask_v1_Evaluation__Output | null);
  'checkpoint'?: (_cowmask_v1_Checkpoint__Output | null);
  'warning'?: (_cowmask_v1_Warning__Output | null);
  'finished'?: (_cowmask_v1_Finished__Output | null);
  'type'?: "state"|"progress"|"metrics"|"evaluation"|"checkpoint"|"warning"|"finished";
}
