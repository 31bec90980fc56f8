// Original file: proto/cowmask/v1/datasets.proto

import type { DuplicateGroup as _cowmask_v1_DuplicateGroup, DuplicateGroup__Output as _cowmask_v1_DuplicateGroup__Output } from '../../cowmask/v1/DuplicateGroup.js';

export interface DuplicateGroups {
  'groups'?: (number);
  'images'?: (number);
  'first'?: (_cowmask_v1_DuplicateGroup)[];
}

export interface DuplicateGroups__Output {
  'groups': (number);
  'images': (number);
  'first': (_cowmask_v1_DuplicateGroup__Output)[];
}
