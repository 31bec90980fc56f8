// Original file: proto/cowmask/v1/event.proto


export interface Metrics {
  'firstStep'?: (number);
  'loss'?: (number | string)[];
  'labeledLoss'?: (number | string)[];
  'labeledError'?: (number | string)[];
  'learningRate'?: (number | string)[];
  'perturbLoss'?: (number | string)[];
  'perturbConfidence'?: (number | string)[];
  'mixLoss'?: (number | string)[];
  'mixConfidence'?: (number | string)[];
  'teacherAlpha'?: (number | string)[];
  'stepsPerSecond'?: (number | string);
}

export interface Metrics__Output {
  'firstStep': (number);
  'loss': (number)[];
  'labeledLoss': (number)[];
  'labeledError': (number)[];
  'learningRate': (number)[];
  'perturbLoss': (number)[];
  'perturbConfidence': (number)[];
  'mixLoss': (number)[];
  'mixConfidence': (number)[];
  'teacherAlpha': (number)[];
  'stepsPerSecond': (number);
}
