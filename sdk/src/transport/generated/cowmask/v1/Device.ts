// Original file: proto/cowmask/v1/system.proto


export interface Device {
  'id'?: (number);
  'platform'?: (string);
  'kind'?: (string);
}

export interface Device__Output {
  'id': (number);
  'platform': (string);
  'kind': (string);
}
