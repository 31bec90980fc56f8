// Original file: proto/cowmask/v1/splits.proto


export interface SplitsListRequest {
  'dataset'?: (string);
}

export interface SplitsListRequest__Output {
  'dataset': (string);
}
