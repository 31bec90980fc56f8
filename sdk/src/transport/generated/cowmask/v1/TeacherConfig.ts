// Original file: proto/cowmask/v1/experiment_config.proto


export interface TeacherConfig {
  'alpha'?: (number | string);
  'anneal'?: (boolean);
  '_alpha'?: "alpha";
  '_anneal'?: "anneal";
}

export interface TeacherConfig__Output {
  'alpha'?: (number);
  'anneal'?: (boolean);
  '_alpha'?: "alpha";
  '_anneal'?: "anneal";
}
