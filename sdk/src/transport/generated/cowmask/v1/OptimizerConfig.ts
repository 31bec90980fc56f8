// Original file: proto/cowmask/v1/experiment_config.proto


export interface OptimizerConfig {
  'learningRate'?: (number | string);
  'momentum'?: (number | string);
  'nesterov'?: (boolean);
  'l2'?: (number | string);
  'weightDecay'?: (number | string);
  '_learningRate'?: "learningRate";
  '_momentum'?: "momentum";
  '_nesterov'?: "nesterov";
  '_l2'?: "l2";
  '_weightDecay'?: "weightDecay";
}

export interface OptimizerConfig__Output {
  'learningRate'?: (number);
  'momentum'?: (number);
  'nesterov'?: (boolean);
  'l2'?: (number);
  'weightDecay'?: (number);
  '_learningRate'?: "learningRate";
  '_momentum'?: "momentum";
  '_nesterov'?: "nesterov";
  '_l2'?: "l2";
  '_weightDecay'?: "weightDecay";
}
