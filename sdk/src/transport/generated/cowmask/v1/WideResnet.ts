// Original file: proto/cowmask/v1/experiment_config.proto


export interface WideResnet {
  'depth'?: (number);
  'width'?: (number);
  'dropout'?: (number | string);
  '_depth'?: "depth";
  '_width'?: "width";
  '_dropout'?: "dropout";
}

export interface WideResnet__Output {
  'depth'?: (number);
  'width'?: (number);
  'dropout'?: (number);
  '_depth'?: "depth";
  '_width'?: "width";
  '_dropout'?: "dropout";
}
