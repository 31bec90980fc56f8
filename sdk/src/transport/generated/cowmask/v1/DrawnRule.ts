// Original file: proto/cowmask/v1/splits.proto


export interface DrawnRule {
  'labeled'?: (number);
  'seed'?: (number);
  'validation'?: (number);
  'validationSeed'?: (number);
  'excludeLabeled'?: (boolean);
  'ownValidation'?: (number);
}

export interface DrawnRule__Output {
  'labeled': (number);
  'seed': (number);
  'validation': (number);
  'validationSeed': (number);
  'excludeLabeled': (boolean);
  'ownValidation': (number);
}
