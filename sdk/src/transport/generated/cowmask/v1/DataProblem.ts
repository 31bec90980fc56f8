// Original file: proto/cowmask/v1/datasets.proto


export interface DataProblem {
  'file'?: (string);
  'expected'?: (string);
  'found'?: (string);
  'advice'?: (string);
}

export interface DataProblem__Output {
  'file': (string);
  'expected': (string);
  'found': (string);
  'advice': (string);
}
