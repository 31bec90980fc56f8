// Original file: proto/cowmask/v1/experiment_config.proto


export interface Range {
  'low'?: (number | string);
  'high'?: (number | string);
  '_low'?: "low";
  '_high'?: "high";
}

export interface Range__Output {
  'low'?: (number);
  'high'?: (number);
  '_low'?: "low";
  '_high'?: "high";
}
