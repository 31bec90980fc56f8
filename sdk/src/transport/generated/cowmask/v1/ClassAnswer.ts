// Original file: proto/cowmask/v1/models.proto


export interface ClassAnswer {
  'label'?: (number);
  'confidence'?: (number | string);
}

export interface ClassAnswer__Output {
  'label': (number);
  'confidence': (number);
}
