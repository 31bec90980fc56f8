// Original file: proto/cowmask/v1/event.proto


export interface Warning {
  'code'?: (string);
  'message'?: (string);
  'step'?: (number);
}

export interface Warning__Output {
  'code': (string);
  'message': (string);
  'step': (number);
}
