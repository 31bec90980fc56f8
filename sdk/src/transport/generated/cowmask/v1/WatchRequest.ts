// Original file: proto/cowmask/v1/experiments.proto


export interface WatchRequest {
  'runId'?: (string);
  'fromSeq'?: (number);
}

export interface WatchRequest__Output {
  'runId': (string);
  'fromSeq': (number);
}
