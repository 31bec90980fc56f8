// Original file: proto/cowmask/v1/models.proto

import type { ModelSelector as _cowmask_v1_ModelSelector, ModelSelector__Output as _cowmask_v1_ModelSelector__Output } from '../../cowmask/v1/ModelSelector.js';

export interface ExportRequest {
  'model'?: (_cowmask_v1_ModelSelector | null);
  'names'?: (string);
  '_names'?: "names";
}

export interface ExportRequest__Output {
  'model': (_cowmask_v1_ModelSelector__Output | null);
  'names'?: (string);
  '_names'?: "names";
}
