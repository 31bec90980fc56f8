// Original file: proto/cowmask/v1/datasets.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DatasetsImportRequest as _cowmask_v1_DatasetsImportRequest, DatasetsImportRequest__Output as _cowmask_v1_DatasetsImportRequest__Output } from '../../cowmask/v1/DatasetsImportRequest.js';
import type { DatasetsImportResponse as _cowmask_v1_DatasetsImportResponse, DatasetsImportResponse__Output as _cowmask_v1_DatasetsImportResponse__Output } from '../../cowmask/v1/DatasetsImportResponse.js';
import type { DatasetsListRequest as _cowmask_v1_DatasetsListRequest, DatasetsListRequest__Output as _cowmask_v1_DatasetsListRequest__Output } from '../../cowmask/v1/DatasetsListRequest.js';
import type { DatasetsListResponse as _cowmask_v1_DatasetsListResponse, DatasetsListResponse__Output as _cowmask_v1_DatasetsListResponse__Output } from '../../cowmask/v1/DatasetsListResponse.js';
import type { DatasetsRemoveRequest as _cowmask_v1_DatasetsRemoveRequest, DatasetsRemoveRequest__Output as _cowmask_v1_DatasetsRemoveRequest__Output } from '../../cowmask/v1/DatasetsRemoveRequest.js';
import type { DatasetsRemoveResponse as _cowmask_v1_DatasetsRemoveResponse, DatasetsRemoveResponse__Output as _cowmask_v1_DatasetsRemoveResponse__Output } from '../../cowmask/v1/DatasetsRemoveResponse.js';
import type { InspectRequest as _cowmask_v1_InspectRequest, InspectRequest__Output as _cowmask_v1_InspectRequest__Output } from '../../cowmask/v1/InspectRequest.js';
import type { InspectResponse as _cowmask_v1_InspectResponse, InspectResponse__Output as _cowmask_v1_InspectResponse__Output } from '../../cowmask/v1/InspectResponse.js';

export interface DatasetsClient extends grpc.Client {
  Import(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetsImportRequest, _cowmask_v1_DatasetsImportResponse__Output>;
  Import(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetsImportRequest, _cowmask_v1_DatasetsImportResponse__Output>;
  import(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetsImportRequest, _cowmask_v1_DatasetsImportResponse__Output>;
  import(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetsImportRequest, _cowmask_v1_DatasetsImportResponse__Output>;
  
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
  
  Remove(argument: _cowmask_v1_DatasetsRemoveRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  Remove(argument: _cowmask_v1_DatasetsRemoveRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  Remove(argument: _cowmask_v1_DatasetsRemoveRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  Remove(argument: _cowmask_v1_DatasetsRemoveRequest, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_DatasetsRemoveRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_DatasetsRemoveRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_DatasetsRemoveRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_DatasetsRemoveRequest, callback: grpc.requestCallback<_cowmask_v1_DatasetsRemoveResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface DatasetsHandlers extends grpc.UntypedServiceImplementation {
  Import: grpc.handleBidiStreamingCall<_cowmask_v1_DatasetsImportRequest__Output, _cowmask_v1_DatasetsImportResponse>;
  
  Inspect: grpc.handleUnaryCall<_cowmask_v1_InspectRequest__Output, _cowmask_v1_InspectResponse>;
  
  List: grpc.handleUnaryCall<_cowmask_v1_DatasetsListRequest__Output, _cowmask_v1_DatasetsListResponse>;
  
  Remove: grpc.handleUnaryCall<_cowmask_v1_DatasetsRemoveRequest__Output, _cowmask_v1_DatasetsRemoveResponse>;
  
}

export interface DatasetsDefinition extends grpc.ServiceDefinition {
  Import: MethodDefinition<_cowmask_v1_DatasetsImportRequest, _cowmask_v1_DatasetsImportResponse, _cowmask_v1_DatasetsImportRequest__Output, _cowmask_v1_DatasetsImportResponse__Output>
  Inspect: MethodDefinition<_cowmask_v1_InspectRequest, _cowmask_v1_InspectResponse, _cowmask_v1_InspectRequest__Output, _cowmask_v1_InspectResponse__Output>
  List: MethodDefinition<_cowmask_v1_DatasetsListRequest, _cowmask_v1_DatasetsListResponse, _cowmask_v1_DatasetsListRequest__Output, _cowmask_v1_DatasetsListResponse__Output>
  Remove: MethodDefinition<_cowmask_v1_DatasetsRemoveRequest, _cowmask_v1_DatasetsRemoveResponse, _cowmask_v1_DatasetsRemoveRequest__Output, _cowmask_v1_DatasetsRemoveResponse__Output>
}
