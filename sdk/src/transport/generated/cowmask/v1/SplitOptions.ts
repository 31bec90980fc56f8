// Original file: proto/cowmask/v1/splits.proto


export interface SplitOptions {
  'labeled'?: (number);
  'seed'?: (number);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  '_labeled'?: "labeled";
  '_seed'?: "seed";
  '_validation'?: "validation";
  '_validationSeed'?: "validationSeed";
  '_excludeLabeled'?: "excludeLabeled";
}

export interface SplitOptions__Output {
  'labeled'?: (number);
  'seed'?: (number);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  '_labeled'?: "labeled";
  '_seed'?: "seed";
  '_validation'?: "validation";
  '_validationSeed'?: "validationSeed";
  '_excludeLabeled'?: "excludeLabeled";
}
