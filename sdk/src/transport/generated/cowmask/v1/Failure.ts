// Original file: proto/cowmask/v1/event.proto


export interface Failure {
  'code'?: (string);
  'message'?: (string);
  'hint'?: (string);
  'pythonType'?: (string);
  'traceback'?: (string);
  'exitCode'?: (number);
  'signal'?: (string);
  '_exitCode'?: "exitCode";
}

export interface Failure__Output {
  'code': (string);
  'message': (string);
  'hint': (string);
  'pythonType': (string);
  'traceback': (string);
  'exitCode'?: (number);
  'signal': (string);
  '_exitCode'?: "exitCode";
}
