// Original file: proto/cowmask/v1/datasets.proto

import type { DataSource as _cowmask_v1_DataSource, DataSource__Output as _cowmask_v1_DataSource__Output } from '../../cowmask/v1/DataSource.js';
import type { DatasetImportOptions as _cowmask_v1_DatasetImportOptions, DatasetImportOptions__Output as _cowmask_v1_DatasetImportOptions__Output } from '../../cowmask/v1/DatasetImportOptions.js';

export interface DatasetImport {
  'name'?: (string);
  'source'?: (_cowmask_v1_DataSource | null);
  'classes'?: (string)[];
  'options'?: (_cowmask_v1_DatasetImportOptions | null);
  '_source'?: "source";
}

export interface DatasetImport__Output {
  'name': (string);
  'source'?: (_cowmask_v1_DataSource__Output | null);
  'classes': (string)[];
  'options': (_cowmask_v1_DatasetImportOptions__Output | null);
  '_source'?: "source";
}
