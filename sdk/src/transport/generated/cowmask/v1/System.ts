// Original file: proto/cowmask/v1/system.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DevicesRequest as _cowmask_v1_DevicesRequest, DevicesRequest__Output as _cowmask_v1_DevicesRequest__Output } from '../../cowmask/v1/DevicesRequest.js';
import type { DevicesResponse as _cowmask_v1_DevicesResponse, DevicesResponse__Output as _cowmask_v1_DevicesResponse__Output } from '../../cowmask/v1/DevicesResponse.js';
import type { InfoRequest as _cowmask_v1_InfoRequest, InfoRequest__Output as _cowmask_v1_InfoRequest__Output } from '../../cowmask/v1/InfoRequest.js';
import type { InfoResponse as _cowmask_v1_InfoResponse, InfoResponse__Output as _cowmask_v1_InfoResponse__Output } from '../../cowmask/v1/InfoResponse.js';

export interface SystemClient extends grpc.Client {
  Devices(argument: _cowmask_v1_DevicesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  Devices(argument: _cowmask_v1_DevicesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  Devices(argument: _cowmask_v1_DevicesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  Devices(argument: _cowmask_v1_DevicesRequest, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  devices(argument: _cowmask_v1_DevicesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  devices(argument: _cowmask_v1_DevicesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  devices(argument: _cowmask_v1_DevicesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  devices(argument: _cowmask_v1_DevicesRequest, callback: grpc.requestCallback<_cowmask_v1_DevicesResponse__Output>): grpc.ClientUnaryCall;
  
  Info(argument: _cowmask_v1_InfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  Info(argument: _cowmask_v1_InfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  Info(argument: _cowmask_v1_InfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  Info(argument: _cowmask_v1_InfoRequest, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  info(argument: _cowmask_v1_InfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  info(argument: _cowmask_v1_InfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  info(argument: _cowmask_v1_InfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  info(argument: _cowmask_v1_InfoRequest, callback: grpc.requestCallback<_cowmask_v1_InfoResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface SystemHandlers extends grpc.UntypedServiceImplementation {
  Devices: grpc.handleUnaryCall<_cowmask_v1_DevicesRequest__Output, _cowmask_v1_DevicesResponse>;
  
  Info: grpc.handleUnaryCall<_cowmask_v1_InfoRequest__Output, _cowmask_v1_InfoResponse>;
  
}

export interface SystemDefinition extends grpc.ServiceDefinition {
  Devices: MethodDefinition<_cowmask_v1_DevicesRequest, _cowmask_v1_DevicesResponse, _cowmask_v1_DevicesRequest__Output, _cowmask_v1_DevicesResponse__Output>
  Info: MethodDefinition<_cowmask_v1_InfoRequest, _cowmask_v1_InfoResponse, _cowmask_v1_InfoRequest__Output, _cowmask_v1_InfoResponse__Output>
}
