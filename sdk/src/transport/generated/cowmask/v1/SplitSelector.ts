// Original file: proto/cowmask/v1/splits.proto


export interface SplitSelector {
  'dataset'?: (string);
  'fingerprint'?: (string);
}

export interface SplitSelector__Output {
  'dataset': (string);
  'fingerprint': (string);
}
