// Original file: proto/cowmask/v1/system.proto

import type { Device as _cowmask_v1_Device, Device__Output as _cowmask_v1_Device__Output } from '../../cowmask/v1/Device.js';

export interface DevicesResponse {
  'devices'?: (_cowmask_v1_Device)[];
}

export interface DevicesResponse__Output {
  'devices': (_cowmask_v1_Device__Output)[];
}
