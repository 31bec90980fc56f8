// Original file: proto/cowmask/v1/datasets.proto

import type { DataProblem as _cowmask_v1_DataProblem, DataProblem__Output as _cowmask_v1_DataProblem__Output } from '../../cowmask/v1/DataProblem.js';

export interface DataProblems {
  'count'?: (number);
  'first'?: (_cowmask_v1_DataProblem)[];
}

export interface DataProblems__Output {
  'count': (number);
  'first': (_cowmask_v1_DataProblem__Output)[];
}
