// Original file: proto/cowmask/v1/splits.proto


export interface SplitsCompareResponse {
  'differences'?: (string)[];
}

export interface SplitsCompareResponse__Output {
  'differences': (string)[];
}
