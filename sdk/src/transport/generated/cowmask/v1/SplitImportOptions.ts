// Original file: proto/cowmask/v1/splits.proto


export interface SplitImportOptions {
  'format'?: (string);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  '_format'?: "format";
  '_validation'?: "validation";
  '_validationSeed'?: "validationSeed";
  '_excludeLabeled'?: "excludeLabeled";
}

export interface SplitImportOptions__Output {
  'format'?: (string);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  '_format'?: "format";
  '_validation'?: "validation";
  '_validationSeed'?: "validationSeed";
  '_excludeLabeled'?: "excludeLabeled";
}
