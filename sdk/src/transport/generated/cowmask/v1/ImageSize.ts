// Original file: proto/cowmask/v1/datasets.proto


export interface ImageSize {
  'height'?: (number);
  'width'?: (number);
}

export interface ImageSize__Output {
  'height': (number);
  'width': (number);
}
