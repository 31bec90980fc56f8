// Original file: proto/cowmask/v1/tensor.proto

import type { ElementType as _cowmask_v1_ElementType, ElementType__Output as _cowmask_v1_ElementType__Output } from '../../cowmask/v1/ElementType.js';

export interface TensorHeader {
  'name'?: (string);
  'type'?: (_cowmask_v1_ElementType);
  'shape'?: (number)[];
}

export interface TensorHeader__Output {
  'name': (string);
  'type': (_cowmask_v1_ElementType__Output);
  'shape': (number)[];
}
