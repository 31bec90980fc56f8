// Original file: proto/cowmask/v1/event.proto


export interface Progress {
  'phase'?: (string);
  'durationMs'?: (number | string);
  'steps'?: (number);
  'splitFingerprint'?: (string);
  '_durationMs'?: "durationMs";
  '_splitFingerprint'?: "splitFingerprint";
}

export interface Progress__Output {
  'phase': (string);
  'durationMs'?: (number);
  'steps': (number);
  'splitFingerprint'?: (string);
  '_durationMs'?: "durationMs";
  '_splitFingerprint'?: "splitFingerprint";
}
