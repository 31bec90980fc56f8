// Original file: proto/cowmask/v1/models.proto

import type { FilesFound as _cowmask_v1_FilesFound, FilesFound__Output as _cowmask_v1_FilesFound__Output } from '../../cowmask/v1/FilesFound.js';
import type { FilePredictions as _cowmask_v1_FilePredictions, FilePredictions__Output as _cowmask_v1_FilePredictions__Output } from '../../cowmask/v1/FilePredictions.js';

export interface PredictFilesResponse {
  'found'?: (_cowmask_v1_FilesFound | null);
  'predictions'?: (_cowmask_v1_FilePredictions | null);
  'part'?: "found"|"predictions";
}

export interface PredictFilesResponse__Output {
  'found'?: (_cowmask_v1_FilesFound__Output | null);
  'predictions'?: (_cowmask_v1_FilePredictions__Output | null);
  'part'?: "found"|"predictions";
}
