// Original file: proto/cowmask/v1/datasets.proto


export interface LabelsAsked {
  'labeled'?: (number);
  'share'?: (number);
  'available'?: (number);
  'below'?: (number);
  'belowNames'?: (string)[];
}

export interface LabelsAsked__Output {
  'labeled': (number);
  'share': (number);
  'available': (number);
  'below': (number);
  'belowNames': (string)[];
}
