// Original file: proto/cowmask/v1/experiment_config.proto


export interface Boundary {
  'at'?: (number | string);
  'factor'?: (number | string);
  '_at'?: "at";
  '_factor'?: "factor";
}

export interface Boundary__Output {
  'at'?: (number);
  'factor'?: (number);
  '_at'?: "at";
  '_factor'?: "factor";
}
