// Original file: proto/cowmask/v1/datasets.proto


export interface RemoveDatasetResponse {
}

export interface RemoveDatasetResponse__Output {
}
