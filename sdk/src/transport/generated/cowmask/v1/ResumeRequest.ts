// Original file: proto/cowmask/v1/experiments.proto


export interface ResumeRequest {
  'runId'?: (string);
}

export interface ResumeRequest__Output {
  'runId': (string);
}
