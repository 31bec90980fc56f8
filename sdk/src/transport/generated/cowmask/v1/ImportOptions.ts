// Original file: proto/cowmask/v1/experiments.proto

import type { ExperimentConfig as _cowmask_v1_ExperimentConfig, ExperimentConfig__Output as _cowmask_v1_ExperimentConfig__Output } from '../../cowmask/v1/ExperimentConfig.js';

export interface ImportOptions {
  'idempotencyKey'?: (string);
  'config'?: (_cowmask_v1_ExperimentConfig | null);
  'names'?: (string);
  '_names'?: "names";
}

export interface ImportOptions__Output {
  'idempotencyKey': (string);
  'config': (_cowmask_v1_ExperimentConfig__Output | null);
  'names'?: (string);
  '_names'?: "names";
}
