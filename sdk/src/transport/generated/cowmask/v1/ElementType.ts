// Original file: proto/cowmask/v1/tensor.proto

export const ElementType = {
  ELEMENT_TYPE_UNSPECIFIED: 'ELEMENT_TYPE_UNSPECIFIED',
  ELEMENT_TYPE_UINT8: 'ELEMENT_TYPE_UINT8',
  ELEMENT_TYPE_INT32: 'ELEMENT_TYPE_INT32',
  ELEMENT_TYPE_FLOAT32: 'ELEMENT_TYPE_FLOAT32',
  ELEMENT_TYPE_BITS: 'ELEMENT_TYPE_BITS',
} as const;

export type ElementType =
  | 'ELEMENT_TYPE_UNSPECIFIED'
  | 0
  | 'ELEMENT_TYPE_UINT8'
  | 1
  | 'ELEMENT_TYPE_INT32'
  | 2
  | 'ELEMENT_TYPE_FLOAT32'
  | 3
  | 'ELEMENT_TYPE_BITS'
  | 4

export type ElementType__Output = typeof ElementType[keyof typeof ElementType]
