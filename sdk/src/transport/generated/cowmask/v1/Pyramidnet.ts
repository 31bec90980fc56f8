// Original file: proto/cowmask/v1/experiment_config.proto


export interface Pyramidnet {
  'depth'?: (number);
  'alpha'?: (number | string);
  'shakeDrop'?: (number | string);
  '_depth'?: "depth";
  '_alpha'?: "alpha";
  '_shakeDrop'?: "shakeDrop";
}

export interface Pyramidnet__Output {
  'depth'?: (number);
  'alpha'?: (number);
  'shakeDrop'?: (number);
  '_depth'?: "depth";
  '_alpha'?: "alpha";
  '_shakeDrop'?: "shakeDrop";
}
