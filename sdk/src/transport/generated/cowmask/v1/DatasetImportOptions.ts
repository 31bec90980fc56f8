// Original file: proto/cowmask/v1/datasets.proto


export interface DatasetImportOptions {
  'imageSize'?: (number);
  'resize'?: (string);
  'channels'?: (number);
  'onUnreadable'?: (string);
  'testShare'?: (number | string);
  'storage'?: (string);
  'replace'?: (boolean);
  '_imageSize'?: "imageSize";
  '_resize'?: "resize";
  '_channels'?: "channels";
  '_onUnreadable'?: "onUnreadable";
  '_testShare'?: "testShare";
  '_storage'?: "storage";
  '_replace'?: "replace";
}

export interface DatasetImportOptions__Output {
  'imageSize'?: (number);
  'resize'?: (string);
  'channels'?: (number);
  'onUnreadable'?: (string);
  'testShare'?: (number);
  'storage'?: (string);
  'replace'?: (boolean);
  '_imageSize'?: "imageSize";
  '_resize'?: "resize";
  '_channels'?: "channels";
  '_onUnreadable'?: "onUnreadable";
  '_testShare'?: "testShare";
  '_storage'?: "storage";
  '_replace'?: "replace";
}
