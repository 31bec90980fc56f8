// Original file: proto/cowmask/v1/datasets.proto


export interface Dataset {
  'name'?: (string);
  'description'?: (string);
  'classes'?: (string)[];
  'height'?: (number);
  'width'?: (number);
  'channels'?: (number);
  'train'?: (number);
  'test'?: (number);
  'mean'?: (number | string)[];
  'std'?: (number | string)[];
  'ready'?: (boolean);
  'imported'?: (boolean);
  'labelCounts'?: (number)[];
  'validation'?: (number);
  'shift'?: (number);
  'horizontalFlip'?: (boolean);
  'storage'?: (string);
  'digest'?: (string);
  'notes'?: (string)[];
  'resize'?: (string);
}

export interface Dataset__Output {
  'name': (string);
  'description': (string);
  'classes': (string)[];
  'height': (number);
  'width': (number);
  'channels': (number);
  'train': (number);
  'test': (number);
  'mean': (number)[];
  'std': (number)[];
  'ready': (boolean);
  'imported': (boolean);
  'labelCounts': (number)[];
  'validation': (number);
  'shift': (number);
  'horizontalFlip': (boolean);
  'storage': (string);
  'digest': (string);
  'notes': (string)[];
  'resize': (string);
}
