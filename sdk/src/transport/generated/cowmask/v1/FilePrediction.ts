// Original file: proto/cowmask/v1/models.proto

import type { ClassAnswer as _cowmask_v1_ClassAnswer, ClassAnswer__Output as _cowmask_v1_ClassAnswer__Output } from '../../cowmask/v1/ClassAnswer.js';

export interface FilePrediction {
  'name'?: (string);
  'answer'?: (_cowmask_v1_ClassAnswer | null);
  'problem'?: (string);
  'outcome'?: "answer"|"problem";
}

export interface FilePrediction__Output {
  'name': (string);
  'answer'?: (_cowmask_v1_ClassAnswer__Output | null);
  'problem'?: (string);
  'outcome'?: "answer"|"problem";
}
