// Original file: proto/cowmask/v1/system.proto


export interface Limits {
  'messageBytes'?: (number);
  'chunkBytes'?: (number);
  'tensorElements'?: (number);
  'callBytes'?: (number);
  'optionsBytes'?: (number);
  'eventStreams'?: (number);
}

export interface Limits__Output {
  'messageBytes': (number);
  'chunkBytes': (number);
  'tensorElements': (number);
  'callBytes': (number);
  'optionsBytes': (number);
  'eventStreams': (number);
}
