// Original file: proto/cowmask/v1/error.proto


export interface FieldViolation {
  'path'?: (string);
  'reason'?: (string);
  'nearest'?: (string);
}

export interface FieldViolation__Output {
  'path': (string);
  'reason': (string);
  'nearest': (string);
}
