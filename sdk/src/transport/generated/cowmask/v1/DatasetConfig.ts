// Original file: proto/cowmask/v1/experiment_config.proto


export interface DatasetConfig {
  'name'?: (string);
  'labeled'?: (number);
  'seed'?: (number);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  'split'?: (string);
  '_name'?: "name";
  '_labeled'?: "labeled";
  '_seed'?: "seed";
  '_validation'?: "validation";
  '_validationSeed'?: "validationSeed";
  '_excludeLabeled'?: "excludeLabeled";
  '_split'?: "split";
}

export interface DatasetConfig__Output {
  'name'?: (string);
  'labeled'?: (number);
  'seed'?: (number);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  'split'?: (string);
  '_name'?: "name";
  '_labeled'?: "labeled";
  '_seed'?: "seed";
  '_validation'?: "validation";
  '_validationSeed'?: "validationSeed";
  '_excludeLabeled'?: "excludeLabeled";
  '_split'?: "split";
}
