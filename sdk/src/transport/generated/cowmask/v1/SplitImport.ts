// Original file: proto/cowmask/v1/splits.proto

import type { SplitImportOptions as _cowmask_v1_SplitImportOptions, SplitImportOptions__Output as _cowmask_v1_SplitImportOptions__Output } from '../../cowmask/v1/SplitImportOptions.js';

export interface SplitImport {
  'dataset'?: (string);
  'file'?: (string);
  'options'?: (_cowmask_v1_SplitImportOptions | null);
}

export interface SplitImport__Output {
  'dataset': (string);
  'file': (string);
  'options': (_cowmask_v1_SplitImportOptions__Output | null);
}
