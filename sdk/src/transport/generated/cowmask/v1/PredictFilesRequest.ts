// Original file: proto/cowmask/v1/models.proto

import type { ModelSelector as _cowmask_v1_ModelSelector, ModelSelector__Output as _cowmask_v1_ModelSelector__Output } from '../../cowmask/v1/ModelSelector.js';
import type { DataSource as _cowmask_v1_DataSource, DataSource__Output as _cowmask_v1_DataSource__Output } from '../../cowmask/v1/DataSource.js';

export interface PredictFilesRequest {
  'model'?: (_cowmask_v1_ModelSelector | null);
  'source'?: (_cowmask_v1_DataSource | null);
}

export interface PredictFilesRequest__Output {
  'model': (_cowmask_v1_ModelSelector__Output | null);
  'source': (_cowmask_v1_DataSource__Output | null);
}
