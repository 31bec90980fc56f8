// Original file: proto/cowmask/v1/event.proto

import type { RunState as _cowmask_v1_RunState, RunState__Output as _cowmask_v1_RunState__Output } from '../../cowmask/v1/RunState.js';

export interface StateChanged {
  'state'?: (_cowmask_v1_RunState);
}

export interface StateChanged__Output {
  'state': (_cowmask_v1_RunState__Output);
}
