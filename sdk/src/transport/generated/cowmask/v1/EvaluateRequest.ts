// Original file: proto/cowmask/v1/models.proto

import type { ModelSelector as _cowmask_v1_ModelSelector, ModelSelector__Output as _cowmask_v1_ModelSelector__Output } from '../../cowmask/v1/ModelSelector.js';

export interface EvaluateRequest {
  'model'?: (_cowmask_v1_ModelSelector | null);
  'split'?: (string);
  'dataset'?: (string);
  '_split'?: "split";
  '_dataset'?: "dataset";
}

export interface EvaluateRequest__Output {
  'model': (_cowmask_v1_ModelSelector__Output | null);
  'split'?: (string);
  'dataset'?: (string);
  '_split'?: "split";
  '_dataset'?: "dataset";
}
