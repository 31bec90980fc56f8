// Original file: proto/cowmask/v1/experiments.proto

import type { Event as _cowmask_v1_Event, Event__Output as _cowmask_v1_Event__Output } from '../../cowmask/v1/Event.js';

export interface WatchResponse {
  'event'?: (_cowmask_v1_Event | null);
}

export interface WatchResponse__Output {
  'event': (_cowmask_v1_Event__Output | null);
}
