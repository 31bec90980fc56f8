// Original file: proto/cowmask/v1/experiments.proto


export interface CancelRequest {
  'runId'?: (string);
}

export interface CancelRequest__Output {
  'runId': (string);
}
