// Original file: proto/cowmask/v1/datasets.proto


export interface DatasetsRemoveRequest {
  'name'?: (string);
}

export interface DatasetsRemoveRequest__Output {
  'name': (string);
}
