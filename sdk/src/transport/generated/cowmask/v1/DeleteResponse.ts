// Original file: proto/cowmask/v1/experiments.proto


export interface DeleteResponse {
}

export interface DeleteResponse__Output {
}
