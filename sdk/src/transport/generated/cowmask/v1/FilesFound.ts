// Original file: proto/cowmask/v1/models.proto


export interface FilesFound {
  'count'?: (number);
  'ignored'?: (number);
  'step'?: (number);
  'classes'?: (string)[];
}

export interface FilesFound__Output {
  'count': (number);
  'ignored': (number);
  'step': (number);
  'classes': (string)[];
}
