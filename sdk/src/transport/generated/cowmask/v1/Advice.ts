// Original file: proto/cowmask/v1/datasets.proto


export interface Advice {
  'code'?: (string);
  'text'?: (string);
}

export interface Advice__Output {
  'code': (string);
  'text': (string);
}
