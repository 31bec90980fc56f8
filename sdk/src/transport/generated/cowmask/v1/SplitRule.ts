// Original file: proto/cowmask/v1/splits.proto

import type { DrawnRule as _cowmask_v1_DrawnRule, DrawnRule__Output as _cowmask_v1_DrawnRule__Output } from '../../cowmask/v1/DrawnRule.js';
import type { ImportedRule as _cowmask_v1_ImportedRule, ImportedRule__Output as _cowmask_v1_ImportedRule__Output } from '../../cowmask/v1/ImportedRule.js';

export interface SplitRule {
  'drawn'?: (_cowmask_v1_DrawnRule | null);
  'imported'?: (_cowmask_v1_ImportedRule | null);
  'kind'?: "drawn"|"imported";
}

export interface SplitRule__Output {
  'drawn'?: (_cowmask_v1_DrawnRule__Output | null);
  'imported'?: (_cowmask_v1_ImportedRule__Output | null);
  'kind'?: "drawn"|"imported";
}
