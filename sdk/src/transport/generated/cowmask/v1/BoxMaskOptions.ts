// Original file: proto/cowmask/v1/masks.proto


export interface BoxMaskOptions {
  'area'?: (string);
  'scale'?: (number | string);
  'randomAspect'?: (boolean);
  '_area'?: "area";
  '_scale'?: "scale";
  '_randomAspect'?: "randomAspect";
}

export interface BoxMaskOptions__Output {
  'area'?: (string);
  'scale'?: (number);
  'randomAspect'?: (boolean);
  '_area'?: "area";
  '_scale'?: "scale";
  '_randomAspect'?: "randomAspect";
}
