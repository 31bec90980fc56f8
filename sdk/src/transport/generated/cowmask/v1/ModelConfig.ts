// Original file: proto/cowmask/v1/experiment_config.proto

import type { WideResnet as _cowmask_v1_WideResnet, WideResnet__Output as _cowmask_v1_WideResnet__Output } from '../../cowmask/v1/WideResnet.js';
import type { ShakeShake as _cowmask_v1_ShakeShake, ShakeShake__Output as _cowmask_v1_ShakeShake__Output } from '../../cowmask/v1/ShakeShake.js';
import type { Pyramidnet as _cowmask_v1_Pyramidnet, Pyramidnet__Output as _cowmask_v1_Pyramidnet__Output } from '../../cowmask/v1/Pyramidnet.js';
import type { Resnet as _cowmask_v1_Resnet, Resnet__Output as _cowmask_v1_Resnet__Output } from '../../cowmask/v1/Resnet.js';
import type { Resnext as _cowmask_v1_Resnext, Resnext__Output as _cowmask_v1_Resnext__Output } from '../../cowmask/v1/Resnext.js';

export interface ModelConfig {
  'wideResnet'?: (_cowmask_v1_WideResnet | null);
  'shakeShake'?: (_cowmask_v1_ShakeShake | null);
  'pyramidnet'?: (_cowmask_v1_Pyramidnet | null);
  'resnet'?: (_cowmask_v1_Resnet | null);
  'resnext'?: (_cowmask_v1_Resnext | null);
  'name'?: "wideResnet"|"shakeShake"|"pyramidnet"|"resnet"|"resnext";
}

export interface ModelConfig__Output {
  'wideResnet'?: (_cowmask_v1_WideResnet__Output | null);
  'shakeShake'?: (_cowmask_v1_ShakeShake__Output | null);
  'pyramidnet'?: (_cowmask_v1_Pyramidnet__Output | null);
  'resnet'?: (_cowmask_v1_Resnet__Output | null);
  'resnext'?: (_cowmask_v1_Resnext__Output | null);
  'name'?: "wideResnet"|"shakeShake"|"pyramidnet"|"resnet"|"resnext";
}
