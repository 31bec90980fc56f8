// Original file: proto/cowmask/v1/models.proto

import type { Score as _cowmask_v1_Score, Score__Output as _cowmask_v1_Score__Output } from '../../cowmask/v1/Score.js';

export interface EvaluateResponse {
  'score'?: (_cowmask_v1_Score | null);
  'count'?: (number);
  'step'?: (number);
  'classes'?: (string)[];
  'confusion'?: (number)[];
}

export interface EvaluateResponse__Output {
  'score': (_cowmask_v1_Score__Output | null);
  'count': (number);
  'step': (number);
  'classes': (string)[];
  'confusion': (number)[];
}
