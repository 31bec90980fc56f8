// Original file: proto/cowmask/v1/event.proto

import type { Score as _cowmask_v1_Score, Score__Output as _cowmask_v1_Score__Output } from '../../cowmask/v1/Score.js';

export interface Evaluation {
  'step'?: (number);
  'split'?: (string);
  'student'?: (_cowmask_v1_Score | null);
  'teacher'?: (_cowmask_v1_Score | null);
}

export interface Evaluation__Output {
  'step': (number);
  'split': (string);
  'student': (_cowmask_v1_Score__Output | null);
  'teacher': (_cowmask_v1_Score__Output | null);
}
