// Original file: proto/cowmask/v1/datasets.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DatasetsListRequest as _cowmask_v1_DatasetsListRequest, DatasetsListRequest__Output as _cowmask_v1_DatasetsListRequest__Output } from '../../cowmask/v1/DatasetsListRequest.js';
import type { DatasetsListResponse as _cowmask_v1_DatasetsListResponse, DatasetsListResponse__Output as _cowmask_v1_DatasetsListResponse__Output } from '../../cowmask/v1/DatasetsListResponse.js';
import type { InspectRequest as _cowmask_v1_InspectRequest, InspectRequest__Output as _cowmask_v1_InspectRequest__Output } from '../../cowmask/v1/InspectRequest.js';
import type { InspectResponse as _cowmask_v1_InspectResponse, InspectResponse__Output as _cowmask_v1_InspectResponse__Output } from '../../cowmask/v1/InspectResponse.js';

export interface DatasetsClient extends grpc.Client {
  Inspect(argument: _cowmask_v1_InspectRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  Inspect(argument: _cowmask_v1_InspectRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  Inspect(argument: _cowmask_v1_InspectRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  Inspect(argument: _cowmask_v1_InspectRequest, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  inspect(argument: _cowmask_v1_InspectRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  inspect(argument: _cowmask_v1_InspectRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  inspect(argument: _cowmask_v1_InspectRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  inspect(argument: _cowmask_v1_InspectRequest, callback: grpc.requestCallback<_cowmask_v1_InspectResponse__Output>): grpc.ClientUnaryCall;
  
  List(argument: _cowmask_v1_DatasetsListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_DatasetsListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_DatasetsListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_DatasetsListRequest, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_DatasetsListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_DatasetsListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_DatasetsListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_DatasetsListRequest, callback: grpc.requestCallback<_cowmask_v1_DatasetsListResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface DatasetsHandlers extends grpc.UntypedServiceImplementation {
  Inspect: grpc.handleUnaryCall<_cowmask_v1_InspectRequest__Output, _cowmask_v1_InspectResponse>;
  
  List: grpc.handleUnaryCall<_cowmask_v1_DatasetsListRequest__Output, _cowmask_v1_DatasetsListResponse>;
  
}

export interface DatasetsDefinition extends grpc.ServiceDefinition {
  Inspect: MethodDefinition<_cowmask_v1_InspectRequest, _cowmask_v1_InspectResponse, _cowmask_v1_InspectRequest__Output, _cowmask_v1_InspectResponse__Output>
  List: MethodDefinition<_cowmask_v1_DatasetsListRequest, _cowmask_v1_DatasetsListResponse, _cowmask_v1_DatasetsListRequest__Output, _cowmask_v1_DatasetsListResponse__Output>
}
