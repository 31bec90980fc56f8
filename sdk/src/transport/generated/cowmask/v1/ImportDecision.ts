// Original file: proto/cowmask/v1/datasets.proto


export interface ImportDecision {
  'height'?: (number);
  'width'?: (number);
  'channels'?: (number);
  'storage'?: (string);
  'train'?: (number);
  'notes'?: (string)[];
}

export interface ImportDecision__Output {
  'height': (number);
  'width': (number);
  'channels': (number);
  'storage': (string);
  'train': (number);
  'notes': (string)[];
}
