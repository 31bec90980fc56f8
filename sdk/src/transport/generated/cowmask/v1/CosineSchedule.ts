// Original file: proto/cowmask/v1/experiment_config.proto


export interface CosineSchedule {
  'halfLength'?: (number | string);
  'warmup'?: (number | string);
  '_halfLength'?: "halfLength";
  '_warmup'?: "warmup";
}

export interface CosineSchedule__Output {
  'halfLength'?: (number);
  'warmup'?: (number);
  '_halfLength'?: "halfLength";
  '_warmup'?: "warmup";
}
