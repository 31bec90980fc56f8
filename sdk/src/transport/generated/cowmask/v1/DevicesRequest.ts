// Original file: proto/cowmask/v1/system.proto


export interface DevicesRequest {
}

export interface DevicesRequest__Output {
}
