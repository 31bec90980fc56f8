// Original file: proto/cowmask/v1/datasets.proto


export interface ClassCounts {
  'name'?: (string);
  'labeled'?: (number);
  'validation'?: (number);
  'test'?: (number);
  'heldOut'?: (number);
}

export interface ClassCounts__Output {
  'name': (string);
  'labeled': (number);
  'validation': (number);
  'test': (number);
  'heldOut': (number);
}
