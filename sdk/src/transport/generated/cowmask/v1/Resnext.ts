// Original file: proto/cowmask/v1/experiment_config.proto


export interface Resnext {
  'depth'?: (number);
  'cardinality'?: (number);
  'groupWidth'?: (number);
  '_depth'?: "depth";
  '_cardinality'?: "cardinality";
  '_groupWidth'?: "groupWidth";
}

export interface Resnext__Output {
  'depth'?: (number);
  'cardinality'?: (number);
  'groupWidth'?: (number);
  '_depth'?: "depth";
  '_cardinality'?: "cardinality";
  '_groupWidth'?: "groupWidth";
}
