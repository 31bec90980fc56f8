// Original file: proto/cowmask/v1/models.proto


export interface ModelSelector {
  'runId'?: (string);
  'weights'?: (string);
  'step'?: (number);
  '_weights'?: "weights";
  '_step'?: "step";
}

export interface ModelSelector__Output {
  'runId': (string);
  'weights'?: (string);
  'step'?: (number);
  '_weights'?: "weights";
  '_step'?: "step";
}
