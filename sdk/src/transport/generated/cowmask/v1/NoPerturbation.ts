// Original file: proto/cowmask/v1/experiment_config.proto


export interface NoPerturbation {
}

export interface NoPerturbation__Output {
}
