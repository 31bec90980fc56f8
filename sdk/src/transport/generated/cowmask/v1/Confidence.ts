// Original file: proto/cowmask/v1/experiment_config.proto


export interface Confidence {
  'threshold'?: (number | string);
  'average'?: (boolean);
  '_threshold'?: "threshold";
  '_average'?: "average";
}

export interface Confidence__Output {
  'threshold'?: (number);
  'average'?: (boolean);
  '_threshold'?: "threshold";
  '_average'?: "average";
}
