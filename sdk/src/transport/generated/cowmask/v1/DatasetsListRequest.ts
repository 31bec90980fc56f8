// Original file: proto/cowmask/v1/datasets.proto


export interface DatasetsListRequest {
}

export interface DatasetsListRequest__Output {
}
