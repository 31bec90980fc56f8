// Original file: proto/cowmask/v1/datasets.proto


export interface InspectRequest {
  'name'?: (string);
}

export interface InspectRequest__Output {
  'name': (string);
}
