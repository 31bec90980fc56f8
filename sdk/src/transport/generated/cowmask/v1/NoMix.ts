// Original file: proto/cowmask/v1/experiment_config.proto


export interface NoMix {
}

export interface NoMix__Output {
}
