// Original file: proto/cowmask/v1/splits.proto

import type { SplitRule as _cowmask_v1_SplitRule, SplitRule__Output as _cowmask_v1_SplitRule__Output } from '../../cowmask/v1/SplitRule.js';

export interface Split {
  'dataset'?: (string);
  'fingerprint'?: (string);
  'classes'?: (string)[];
  'rule'?: (_cowmask_v1_SplitRule | null);
  'labeledCounts'?: (number)[];
  'validationCounts'?: (number)[];
  'unlabeled'?: (number);
  'test'?: (number);
  'labeledNames'?: (string)[];
  'validationNames'?: (string)[];
  'notes'?: (string)[];
}

export interface Split__Output {
  'dataset': (string);
  'fingerprint': (string);
  'classes': (string)[];
  'rule': (_cowmask_v1_SplitRule__Output | null);
  'labeledCounts': (number)[];
  'validationCounts': (number)[];
  'unlabeled': (number);
  'test': (number);
  'labeledNames': (string)[];
  'validationNames': (string)[];
  'notes': (string)[];
}
