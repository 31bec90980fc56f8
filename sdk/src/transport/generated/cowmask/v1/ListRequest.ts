// Original file: proto/cowmask/v1/experiments.proto


export interface ListRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
