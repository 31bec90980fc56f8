// Original file: proto/cowmask/v1/masks.proto


export interface IctMixOptions {
  'alpha'?: (number | string);
  '_alpha'?: "alpha";
}

export interface IctMixOptions__Output {
  'alpha'?: (number);
  '_alpha'?: "alpha";
}
