// Original file: proto/cowmask/v1/tensor.proto

import type { TensorHeader as _cowmask_v1_TensorHeader, TensorHeader__Output as _cowmask_v1_TensorHeader__Output } from '../../cowmask/v1/TensorHeader.js';

export interface TensorChunk {
  'header'?: (_cowmask_v1_TensorHeader | null);
  'data'?: (Buffer | Uint8Array | string);
  '_header'?: "header";
}

export interface TensorChunk__Output {
  'header'?: (_cowmask_v1_TensorHeader__Output | null);
  'data': (Buffer);
  '_header'?: "header";
}
