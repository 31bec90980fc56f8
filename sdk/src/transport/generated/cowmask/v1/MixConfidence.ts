// Original file: proto/cowmask/v1/experiment_config.proto


export interface MixConfidence {
  'threshold'?: (number | string);
  'average'?: (boolean);
  'source'?: (string);
  '_threshold'?: "threshold";
  '_average'?: "average";
  '_source'?: "source";
}

export interface MixConfidence__Output {
  'threshold'?: (number);
  'average'?: (boolean);
  'source'?: (string);
  '_threshold'?: "threshold";
  '_average'?: "average";
  '_source'?: "source";
}
