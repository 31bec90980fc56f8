// Original file: proto/cowmask/v1/datasets.proto

import type { ImageSize as _cowmask_v1_ImageSize, ImageSize__Output as _cowmask_v1_ImageSize__Output } from '../../cowmask/v1/ImageSize.js';

export interface ImageSizes {
  'different'?: (number);
  'smallest'?: (_cowmask_v1_ImageSize | null);
  'median'?: (_cowmask_v1_ImageSize | null);
  'largest'?: (_cowmask_v1_ImageSize | null);
}

export interface ImageSizes__Output {
  'different': (number);
  'smallest': (_cowmask_v1_ImageSize__Output | null);
  'median': (_cowmask_v1_ImageSize__Output | null);
  'largest': (_cowmask_v1_ImageSize__Output | null);
}
