// Original file: proto/cowmask/v1/masks.proto

import type { CowMaskOptions as _cowmask_v1_CowMaskOptions, CowMaskOptions__Output as _cowmask_v1_CowMaskOptions__Output } from '../../cowmask/v1/CowMaskOptions.js';
import type { BoxMaskOptions as _cowmask_v1_BoxMaskOptions, BoxMaskOptions__Output as _cowmask_v1_BoxMaskOptions__Output } from '../../cowmask/v1/BoxMaskOptions.js';

export interface GenerateRequest {
  'count'?: (number);
  'height'?: (number);
  'width'?: (number);
  'seed'?: (number);
  'stream'?: (string);
  'cow'?: (_cowmask_v1_CowMaskOptions | null);
  'box'?: (_cowmask_v1_BoxMaskOptions | null);
  '_count'?: "count";
  '_height'?: "height";
  '_width'?: "width";
  '_seed'?: "seed";
  '_stream'?: "stream";
  'kind'?: "cow"|"box";
}

export interface GenerateRequest__Output {
  'count'?: (number);
  'height'?: (number);
  'width'?: (number);
  'seed'?: (number);
  'stream'?: (string);
  'cow'?: (_cowmask_v1_CowMaskOptions__Output | null);
  'box'?: (_cowmask_v1_BoxMaskOptions__Output | null);
  '_count'?: "count";
  '_height'?: "height";
  '_width'?: "width";
  '_seed'?: "seed";
  '_stream'?: "stream";
  'kind'?: "cow"|"box";
}
