// Original file: proto/cowmask/v1/datasets.proto


export interface DataSource {
  'root'?: (string);
  'path'?: (string);
  '_root'?: "root";
}

export interface DataSource__Output {
  'root'?: (string);
  'path': (string);
  '_root'?: "root";
}
