// Original file: proto/cowmask/v1/models.proto

import type { FilePrediction as _cowmask_v1_FilePrediction, FilePrediction__Output as _cowmask_v1_FilePrediction__Output } from '../../cowmask/v1/FilePrediction.js';

export interface FilePredictions {
  'predictions'?: (_cowmask_v1_FilePrediction)[];
}

export interface FilePredictions__Output {
  'predictions': (_cowmask_v1_FilePrediction__Output)[];
}
