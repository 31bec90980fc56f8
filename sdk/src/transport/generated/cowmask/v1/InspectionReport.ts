// Original file: proto/cowmask/v1/datasets.proto

import type { ClassCounts as _cowmask_v1_ClassCounts, ClassCounts__Output as _cowmask_v1_ClassCounts__Output } from '../../cowmask/v1/ClassCounts.js';
import type { ImageSizes as _cowmask_v1_ImageSizes, ImageSizes__Output as _cowmask_v1_ImageSizes__Output } from '../../cowmask/v1/ImageSizes.js';
import type { NamedCount as _cowmask_v1_NamedCount, NamedCount__Output as _cowmask_v1_NamedCount__Output } from '../../cowmask/v1/NamedCount.js';
import type { DataProblems as _cowmask_v1_DataProblems, DataProblems__Output as _cowmask_v1_DataProblems__Output } from '../../cowmask/v1/DataProblems.js';
import type { DuplicateGroups as _cowmask_v1_DuplicateGroups, DuplicateGroups__Output as _cowmask_v1_DuplicateGroups__Output } from '../../cowmask/v1/DuplicateGroups.js';
import type { LabelsAsked as _cowmask_v1_LabelsAsked, LabelsAsked__Output as _cowmask_v1_LabelsAsked__Output } from '../../cowmask/v1/LabelsAsked.js';
import type { ImportDecision as _cowmask_v1_ImportDecision, ImportDecision__Output as _cowmask_v1_ImportDecision__Output } from '../../cowmask/v1/ImportDecision.js';
import type { TrainingCost as _cowmask_v1_TrainingCost, TrainingCost__Output as _cowmask_v1_TrainingCost__Output } from '../../cowmask/v1/TrainingCost.js';
import type { Advice as _cowmask_v1_Advice, Advice__Output as _cowmask_v1_Advice__Output } from '../../cowmask/v1/Advice.js';

export interface InspectionReport {
  'classes'?: (_cowmask_v1_ClassCounts)[];
  'unlabeled'?: (number);
  'images'?: (number);
  'sizes'?: (_cowmask_v1_ImageSizes | null);
  'modes'?: (_cowmask_v1_NamedCount)[];
  'formats'?: (_cowmask_v1_NamedCount)[];
  'unreadable'?: (_cowmask_v1_DataProblems | null);
  'faults'?: (_cowmask_v1_DataProblems | null);
  'ignored'?: (number);
  'ignoredNames'?: (string)[];
  'duplicates'?: (_cowmask_v1_DuplicateGroups | null);
  'inTrainAndTest'?: (_cowmask_v1_DuplicateGroups | null);
  'contradicting'?: (_cowmask_v1_DuplicateGroups | null);
  'labelsAsked'?: (_cowmask_v1_LabelsAsked | null);
  'decision'?: (_cowmask_v1_ImportDecision | null);
  'cost'?: (_cowmask_v1_TrainingCost | null);
  'advice'?: (_cowmask_v1_Advice)[];
}

export interface InspectionReport__Output {
  'classes': (_cowmask_v1_ClassCounts__Output)[];
  'unlabeled': (number);
  'images': (number);
  'sizes': (_cowmask_v1_ImageSizes__Output | null);
  'modes': (_cowmask_v1_NamedCount__Output)[];
  'formats': (_cowmask_v1_NamedCount__Output)[];
  'unreadable': (_cowmask_v1_DataProblems__Output | null);
  'faults': (_cowmask_v1_DataProblems__Output | null);
  'ignored': (number);
  'ignoredNames': (string)[];
  'duplicates': (_cowmask_v1_DuplicateGroups__Output | null);
  'inTrainAndTest': (_cowmask_v1_DuplicateGroups__Output | null);
  'contradicting': (_cowmask_v1_DuplicateGroups__Output | null);
  'labelsAsked': (_cowmask_v1_LabelsAsked__Output | null);
  'decision': (_cowmask_v1_ImportDecision__Output | null);
  'cost': (_cowmask_v1_TrainingCost__Output | null);
  'advice': (_cowmask_v1_Advice__Output)[];
}
