// Original file: proto/cowmask/v1/masks.proto

import type { Range as _cowmask_v1_Range, Range__Output as _cowmask_v1_Range__Output } from '../../cowmask/v1/Range.js';

export interface CowMaskOptions {
  'sigma'?: (_cowmask_v1_Range | null);
  'proportion'?: (_cowmask_v1_Range | null);
  '_sigma'?: "sigma";
  '_proportion'?: "proportion";
}

export interface CowMaskOptions__Output {
  'sigma'?: (_cowmask_v1_Range__Output | null);
  'proportion'?: (_cowmask_v1_Range__Output | null);
  '_sigma'?: "sigma";
  '_proportion'?: "proportion";
}
