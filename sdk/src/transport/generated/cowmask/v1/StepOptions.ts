// Original file: proto/cowmask/v1/experiments.proto

import type { ExperimentConfig as _cowmask_v1_ExperimentConfig, ExperimentConfig__Output as _cowmask_v1_ExperimentConfig__Output } from '../../cowmask/v1/ExperimentConfig.js';

export interface StepOptions {
  'config'?: (_cowmask_v1_ExperimentConfig | null);
  'names'?: (string);
  'keySeed'?: (number);
  '_names'?: "names";
  '_keySeed'?: "keySeed";
}

export interface StepOptions__Output {
  'config': (_cowmask_v1_ExperimentConfig__Output | null);
  'names'?: (string);
  'keySeed'?: (number);
  '_names'?: "names";
  '_keySeed'?: "keySeed";
}
