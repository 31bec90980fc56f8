// Original file: proto/cowmask/v1/splits.proto


export interface ImportedRule {
  'format'?: (string);
  'file'?: (string);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  'ownValidation'?: (number);
}

export interface ImportedRule__Output {
  'format': (string);
  'file': (string);
  'validation': (number);
  'validationSeed': (number);
  'excludeLabeled': (boolean);
  'ownValidation': (number);
}
