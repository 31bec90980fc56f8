// Original file: proto/cowmask/v1/experiment_config.proto

import type { DatasetConfig as _cowmask_v1_DatasetConfig, DatasetConfig__Output as _cowmask_v1_DatasetConfig__Output } from '../../cowmask/v1/DatasetConfig.js';
import type { ModelConfig as _cowmask_v1_ModelConfig, ModelConfig__Output as _cowmask_v1_ModelConfig__Output } from '../../cowmask/v1/ModelConfig.js';
import type { PerturbConfig as _cowmask_v1_PerturbConfig, PerturbConfig__Output as _cowmask_v1_PerturbConfig__Output } from '../../cowmask/v1/PerturbConfig.js';
import type { MixConfig as _cowmask_v1_MixConfig, MixConfig__Output as _cowmask_v1_MixConfig__Output } from '../../cowmask/v1/MixConfig.js';
import type { AugmentationConfig as _cowmask_v1_AugmentationConfig, AugmentationConfig__Output as _cowmask_v1_AugmentationConfig__Output } from '../../cowmask/v1/AugmentationConfig.js';
import type { OptimizerConfig as _cowmask_v1_OptimizerConfig, OptimizerConfig__Output as _cowmask_v1_OptimizerConfig__Output } from '../../cowmask/v1/OptimizerConfig.js';
import type { ScheduleConfig as _cowmask_v1_ScheduleConfig, ScheduleConfig__Output as _cowmask_v1_ScheduleConfig__Output } from '../../cowmask/v1/ScheduleConfig.js';
import type { TeacherConfig as _cowmask_v1_TeacherConfig, TeacherConfig__Output as _cowmask_v1_TeacherConfig__Output } from '../../cowmask/v1/TeacherConfig.js';

export interface ExperimentConfig {
  'dataset'?: (_cowmask_v1_DatasetConfig | null);
  'model'?: (_cowmask_v1_ModelConfig | null);
  'perturb'?: (_cowmask_v1_PerturbConfig | null);
  'mix'?: (_cowmask_v1_MixConfig | null);
  'augmentation'?: (_cowmask_v1_AugmentationConfig | null);
  'optimizer'?: (_cowmask_v1_OptimizerConfig | null);
  'schedule'?: (_cowmask_v1_ScheduleConfig | null);
  'teacher'?: (_cowmask_v1_TeacherConfig | null);
  'batchSize'?: (number);
  'unlabeledBatchSize'?: (number);
  'steps'?: (number);
  'epochs'?: (number | string);
  'evaluateEvery'?: (number);
  'checkpointEvery'?: (number);
  'seed'?: (number);
  'strictParity'?: (boolean);
  'randomStream'?: (string);
  'nonFiniteLoss'?: (string);
  '_dataset'?: "dataset";
  '_model'?: "model";
  '_perturb'?: "perturb";
  '_mix'?: "mix";
  '_augmentation'?: "augmentation";
  '_optimizer'?: "optimizer";
  '_schedule'?: "schedule";
  '_teacher'?: "teacher";
  '_batchSize'?: "batchSize";
  '_unlabeledBatchSize'?: "unlabeledBatchSize";
  '_steps'?: "steps";
  '_epochs'?: "epochs";
  '_evaluateEvery'?: "evaluateEvery";
  '_checkpointEvery'?: "checkpointEvery";
  '_seed'?: "seed";
  '_strictParity'?: "strictParity";
  '_randomStream'?: "randomStream";
  '_nonFiniteLoss'?: "nonFiniteLoss";
}

export interface ExperimentConfig__Output {
  'dataset'?: (_cowmask_v1_DatasetConfig__Output | null);
  'model'?: (_cowmask_v1_ModelConfig__Output | null);
  'perturb'?: (_cowmask_v1_PerturbConfig__Output | null);
  'mix'?: (_cowmask_v1_MixConfig__Output | null);
  'augmentation'?: (_cowmask_v1_AugmentationConfig__Output | null);
  'optimizer'?: (_cowmask_v1_OptimizerConfig__Output | null);
  'schedule'?: (_cowmask_v1_ScheduleConfig__Output | null);
  'teacher'?: (_cowmask_v1_TeacherConfig__Output | null);
  'batchSize'?: (number);
  'unlabeledBatchSize'?: (number);
  'steps'?: (number);
  'epochs'?: (number);
  'evaluateEvery'?: (number);
  'checkpointEvery'?: (number);
  'seed'?: (number);
  'strictParity'?: (boolean);
  'randomStream'?: (string);
  'nonFiniteLoss'?: (string);
  '_dataset'?: "dataset";
  '_model'?: "model";
  '_perturb'?: "perturb";
  '_mix'?: "mix";
  '_augmentation'?: "augmentation";
  '_optimizer'?: "optimizer";
  '_schedule'?: "schedule";
  '_teacher'?: "teacher";
  '_batchSize'?: "batchSize";
  '_unlabeledBatchSize'?: "unlabeledBatchSize";
  '_steps'?: "steps";
  '_epochs'?: "epochs";
  '_evaluateEvery'?: "evaluateEvery";
  '_checkpointEvery'?: "checkpointEvery";
  '_seed'?: "seed";
  '_strictParity'?: "strictParity";
  '_randomStream'?: "randomStream";
  '_nonFiniteLoss'?: "nonFiniteLoss";
}
