// Original file: proto/cowmask/v1/experiment_config.proto


export interface ConstantSchedule {
}

export interface ConstantSchedule__Output {
}
