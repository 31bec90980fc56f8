// Original file: proto/cowmask/v1/experiment_config.proto


export interface Resnet {
  'depth'?: (number);
  'width'?: (number);
  '_depth'?: "depth";
  '_width'?: "width";
}

export interface Resnet__Output {
  'depth'?: (number);
  'width'?: (number);
  '_depth'?: "depth";
  '_width'?: "width";
}
