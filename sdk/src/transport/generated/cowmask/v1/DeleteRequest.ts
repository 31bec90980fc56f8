// Original file: proto/cowmask/v1/experiments.proto


export interface DeleteRequest {
  'runId'?: (string);
}

export interface DeleteRequest__Output {
  'runId': (string);
}
