// Original file: proto/cowmask/v1/experiment_config.proto


export interface ShakeShake {
  'depth'?: (number);
  'width'?: (number);
  '_depth'?: "depth";
  '_width'?: "width";
}

export interface ShakeShake__Output {
  'depth'?: (number);
  'width'?: (number);
  '_depth'?: "depth";
  '_width'?: "width";
}
