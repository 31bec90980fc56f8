// Original file: proto/cowmask/v1/experiment_config.proto

import type { WideResnet as _cowmask_v1_WideResnet, WideResnet__Output as _cowmask_v1_WideResnet__Output } from '../../cowmask/v1/WideResnet.js';

export interface ModelConfig {
  'wideResnet'?: (_cowmask_v1_WideResnet | null);
  'name'?: "wideResnet";
}

export interface ModelConfig__Output {
  'wideResnet'?: (_cowmask_v1_WideResnet__Output | null);
  'name'?: "wideResnet";
}
