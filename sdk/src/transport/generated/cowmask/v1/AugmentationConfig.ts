// Original file: proto/cowmask/v1/experiment_config.proto


export interface AugmentationConfig {
  'shift'?: (number);
  'horizontalFlip'?: (boolean);
  '_shift'?: "shift";
  '_horizontalFlip'?: "horizontalFlip";
}

export interface AugmentationConfig__Output {
  'shift'?: (number);
  'horizontalFlip'?: (boolean);
  '_shift'?: "shift";
  '_horizontalFlip'?: "horizontalFlip";
}
