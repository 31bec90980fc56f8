// Original file: proto/cowmask/v1/datasets.proto


export interface RemoveDatasetRequest {
  'name'?: (string);
}

export interface RemoveDatasetRequest__Output {
  'name': (string);
}
