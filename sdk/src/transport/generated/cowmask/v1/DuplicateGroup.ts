// Original file: proto/cowmask/v1/datasets.proto


export interface DuplicateGroup {
  'digest'?: (string);
  'images'?: (number);
  'names'?: (string)[];
}

export interface DuplicateGroup__Output {
  'digest': (string);
  'images': (number);
  'names': (string)[];
}
