// Original file: proto/cowmask/v1/experiments.proto


export interface GetRequest {
  'runId'?: (string);
}

export interface GetRequest__Output {
  'runId': (string);
}
