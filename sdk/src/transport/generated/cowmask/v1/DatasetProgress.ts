// Original file: proto/cowmask/v1/datasets.proto


export interface DatasetProgress {
  'what'?: (string);
  'done'?: (number);
  'total'?: (number);
}

export interface DatasetProgress__Output {
  'what': (string);
  'done': (number);
  'total': (number);
}
