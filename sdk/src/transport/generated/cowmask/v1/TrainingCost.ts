// Original file: proto/cowmask/v1/datasets.proto


export interface TrainingCost {
  'platform'?: (string);
  'parameters'?: (number);
  'batchSize'?: (number);
  'unlabeledBatchSize'?: (number);
  'stepBytes'?: (number | string);
  'datasetBytes'?: (number | string);
  'secondsPerStep'?: (number | string);
  'stepsPerEpoch'?: (number);
  'secondsPerEpoch'?: (number | string);
  'compileSeconds'?: (number | string);
  '_stepBytes'?: "stepBytes";
  '_secondsPerStep'?: "secondsPerStep";
  '_secondsPerEpoch'?: "secondsPerEpoch";
}

export interface TrainingCost__Output {
  'platform': (string);
  'parameters': (number);
  'batchSize': (number);
  'unlabeledBatchSize': (number);
  'stepBytes'?: (number);
  'datasetBytes': (number);
  'secondsPerStep'?: (number);
  'stepsPerEpoch': (number);
  'secondsPerEpoch'?: (number);
  'compileSeconds': (number);
  '_stepBytes'?: "stepBytes";
  '_secondsPerStep'?: "secondsPerStep";
  '_secondsPerEpoch'?: "secondsPerEpoch";
}
