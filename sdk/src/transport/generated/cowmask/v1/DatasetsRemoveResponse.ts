// Original file: proto/cowmask/v1/datasets.proto


export interface DatasetsRemoveResponse {
}

export interface DatasetsRemoveResponse__Output {
}
