// Original file: proto/cowmask/v1/experiments.proto

import type { ExperimentConfig as _cowmask_v1_ExperimentConfig, ExperimentConfig__Output as _cowmask_v1_ExperimentConfig__Output } from '../../cowmask/v1/ExperimentConfig.js';

export interface StartRequest {
  'idempotencyKey'?: (string);
  'config'?: (_cowmask_v1_ExperimentConfig | null);
}

export interface StartRequest__Output {
  'idempotencyKey': (string);
  'config': (_cowmask_v1_ExperimentConfig__Output | null);
}
