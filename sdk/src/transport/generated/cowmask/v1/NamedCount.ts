// Original file: proto/cowmask/v1/datasets.proto


export interface NamedCount {
  'name'?: (string);
  'count'?: (number);
}

export interface NamedCount__Output {
  'name': (string);
  'count': (number);
}
