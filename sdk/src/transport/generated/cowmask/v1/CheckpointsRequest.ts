// Original file: proto/cowmask/v1/models.proto


export interface CheckpointsRequest {
  'runId'?: (string);
}

export interface CheckpointsRequest__Output {
  'runId': (string);
}
