// Original file: proto/cowmask/v1/experiments.proto

import type { RunState as _cowmask_v1_RunState, RunState__Output as _cowmask_v1_RunState__Output } from '../../cowmask/v1/RunState.js';
import type { ExperimentConfig as _cowmask_v1_ExperimentConfig, ExperimentConfig__Output as _cowmask_v1_ExperimentConfig__Output } from '../../cowmask/v1/ExperimentConfig.js';
import type { Finished as _cowmask_v1_Finished, Finished__Output as _cowmask_v1_Finished__Output } from '../../cowmask/v1/Finished.js';
import type { Dataset as _cowmask_v1_Dataset, Dataset__Output as _cowmask_v1_Dataset__Output } from '../../cowmask/v1/Dataset.js';

export interface Run {
  'id'?: (string);
  'state'?: (_cowmask_v1_RunState);
  'attempt'?: (number);
  'config'?: (_cowmask_v1_ExperimentConfig | null);
  'lastSeq'?: (number);
  'createdAt'?: (string);
  'finished'?: (_cowmask_v1_Finished | null);
  'step'?: (number);
  'dataset'?: (_cowmask_v1_Dataset | null);
  'splitFingerprint'?: (string);
  '_finished'?: "finished";
  '_splitFingerprint'?: "splitFingerprint";
}

export interface Run__Output {
  'id': (string);
  'state': (_cowmask_v1_RunState__Output);
  'attempt': (number);
  'config': (_cowmask_v1_ExperimentConfig__Output | null);
  'lastSeq': (number);
  'createdAt': (string);
  'finished'?: (_cowmask_v1_Finished__Output | null);
  'step': (number);
  'dataset': (_cowmask_v1_Dataset__Output | null);
  'splitFingerprint'?: (string);
  '_finished'?: "finished";
  '_splitFingerprint'?: "splitFingerprint";
}
