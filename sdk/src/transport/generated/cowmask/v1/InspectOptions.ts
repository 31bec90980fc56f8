// Original file: proto/cowmask/v1/datasets.proto

import type { ModelConfig as _cowmask_v1_ModelConfig, ModelConfig__Output as _cowmask_v1_ModelConfig__Output } from '../../cowmask/v1/ModelConfig.js';

export interface InspectOptions {
  'labeled'?: (number);
  'model'?: (_cowmask_v1_ModelConfig | null);
  'batchSize'?: (number);
  'imageSize'?: (number);
  'resize'?: (string);
  'channels'?: (number);
  'testShare'?: (number | string);
  'storage'?: (string);
  '_labeled'?: "labeled";
  '_model'?: "model";
  '_batchSize'?: "batchSize";
  '_imageSize'?: "imageSize";
  '_resize'?: "resize";
  '_channels'?: "channels";
  '_testShare'?: "testShare";
  '_storage'?: "storage";
}

export interface InspectOptions__Output {
  'labeled'?: (number);
  'model'?: (_cowmask_v1_ModelConfig__Output | null);
  'batchSize'?: (number);
  'imageSize'?: (number);
  'resize'?: (string);
  'channels'?: (number);
  'testShare'?: (number);
  'storage'?: (string);
  '_labeled'?: "labeled";
  '_model'?: "model";
  '_batchSize'?: "batchSize";
  '_imageSize'?: "imageSize";
  '_resize'?: "resize";
  '_channels'?: "channels";
  '_testShare'?: "testShare";
  '_storage'?: "storage";
}
