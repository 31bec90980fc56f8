// Original file: proto/cowmask/v1/event.proto


export interface Progress {
  'phase'?: (string);
  'durationMs'?: (number | string);
  'steps'?: (number);
  '_durationMs'?: "durationMs";
}

export interface Progress__Output {
  'phase': (string);
  'durationMs'?: (number);
  'steps': (number);
  '_durationMs'?: "durationMs";
}
