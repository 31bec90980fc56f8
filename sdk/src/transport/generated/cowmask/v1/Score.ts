// Original file: proto/cowmask/v1/event.proto


export interface Score {
  'loss'?: (number | string);
  'error'?: (number | string);
}

export interface Score__Output {
  'loss': (number);
  'error': (number);
}
