// Original file: proto/cowmask/v1/event.proto


export interface Score {
  'loss'?: (number | string);
  'error'?: (number | string);
  'top5Error'?: (number | string);
  '_top5Error'?: "top5Error";
}

export interface Score__Output {
  'loss': (number);
  'error': (number);
  'top5Error'?: (number);
  '_top5Error'?: "top5Error";
}
