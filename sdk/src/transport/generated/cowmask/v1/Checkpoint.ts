// Original file: proto/cowmask/v1/event.proto


export interface Checkpoint {
  'step'?: (number);
  'digest'?: (string);
  'bytes'?: (number | string);
}

export interface Checkpoint__Output {
  'step': (number);
  'digest': (string);
  'bytes': (number);
}
