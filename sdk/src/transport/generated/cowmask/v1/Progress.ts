// Original file: proto/cowmask/v1/event.proto


export interface Progress {
  'phase'?: (string);
  'durationMs'?: (number | string);
  'steps'?: (number);
  'splitFingerprint'?: (string);
  'devices'?: (number);
  '_durationMs'?: "durationMs";
  '_splitFingerprint'?: "splitFingerprint";
  '_devices'?: "devices";
}

export interface Progress__Output {
  'phase': (string);
  'durationMs'?: (number);
  'steps': (number);
  'splitFingerprint'?: (string);
  'devices'?: (number);
  '_durationMs'?: "durationMs";
  '_splitFingerprint'?: "splitFingerprint";
  '_devices'?: "devices";
}
