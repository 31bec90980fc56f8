// Original file: proto/cowmask/v1/datasets.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DatasetImportRequest as _cowmask_v1_DatasetImportRequest, DatasetImportRequest__Output as _cowmask_v1_DatasetImportRequest__Output } from '../../cowmask/v1/DatasetImportRequest.js';
import type { DatasetImportResponse as _cowmask_v1_DatasetImportResponse, DatasetImportResponse__Output as _cowmask_v1_DatasetImportResponse__Output } from '../../cowmask/v1/DatasetImportResponse.js';
import type { DatasetsListRequest as _cowmask_v1_DatasetsListRequest, DatasetsListRequest__Output as _cowmask_v1_DatasetsListRequest__Output } from '../../cowmask/v1/DatasetsListRequest.js';
import type { DatasetsListResponse as _cowmask_v1_DatasetsListResponse, DatasetsListResponse__Output as _cowmask_v1_DatasetsListResponse__Output } from '../../cowmask/v1/DatasetsListResponse.js';
import type { InspectRequest as _cowmask_v1_InspectRequest, InspectRequest__Output as _cowmask_v1_InspectRequest__Output } from '../../cowmask/v1/InspectRequest.js';
import type { InspectResponse as _cowmask_v1_InspectResponse, InspectResponse__Output as _cowmask_v1_InspectResponse__Output } from '../../cowmask/v1/InspectResponse.js';
import type { RemoveDatasetRequest as _cowmask_v1_RemoveDatasetRequest, RemoveDatasetRequest__Output as _cowmask_v1_RemoveDatasetRequest__Output } from '../../cowmask/v1/RemoveDatasetRequest.js';
import type { RemoveDatasetResponse as _cowmask_v1_RemoveDatasetResponse, RemoveDatasetResponse__Output as _cowmask_v1_RemoveDatasetResponse__Output } from '../../cowmask/v1/RemoveDatasetResponse.js';

export interface DatasetsClient extends grpc.Client {
  Import(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetImportRequest, _cowmask_v1_DatasetImportResponse__Output>;
  Import(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetImportRequest, _cowmask_v1_DatasetImportResponse__Output>;
  import(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetImportRequest, _cowmask_v1_DatasetImportResponse__Output>;
  import(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_DatasetImportRequest, _cowmask_v1_DatasetImportResponse__Output>;
  
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
  
  Remove(argument: _cowmask_v1_RemoveDatasetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  Remove(argument: _cowmask_v1_RemoveDatasetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  Remove(argument: _cowmask_v1_RemoveDatasetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  Remove(argument: _cowmask_v1_RemoveDatasetRequest, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_RemoveDatasetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_RemoveDatasetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_RemoveDatasetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  remove(argument: _cowmask_v1_RemoveDatasetRequest, callback: grpc.requestCallback<_cowmask_v1_RemoveDatasetResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface DatasetsHandlers extends grpc.UntypedServiceImplementation {
  Import: grpc.handleBidiStreamingCall<_cowmask_v1_DatasetImportRequest__Output, _cowmask_v1_DatasetImportResponse>;
  
  Inspect: grpc.handleUnaryCall<_cowmask_v1_InspectRequest__Output, _cowmask_v1_InspectResponse>;
  
  List: grpc.handleUnaryCall<_cowmask_v1_DatasetsListRequest__Output, _cowmask_v1_DatasetsListResponse>;
  
  Remove: grpc.handleUnaryCall<_cowmask_v1_RemoveDatasetRequest__Output, _cowmask_v1_RemoveDatasetResponse>;
  
}

export interface DatasetsDefinition extends grpc.ServiceDefinition {
  Import: MethodDefinition<_cowmask_v1_DatasetImportRequest, _cowmask_v1_DatasetImportResponse, _cowmask_v1_DatasetImportRequest__Output, _cowmask_v1_DatasetImportResponse__Output>
  Inspect: MethodDefinition<_cowmask_v1_InspectRequest, _cowmask_v1_InspectResponse, _cowmask_v1_InspectRequest__Output, _cowmask_v1_InspectResponse__Output>
  List: MethodDefinition<_cowmask_v1_DatasetsListRequest, _cowmask_v1_DatasetsListResponse, _cowmask_v1_DatasetsListRequest__Output, _cowmask_v1_DatasetsListResponse__Output>
  Remove: MethodDefinition<_cowmask_v1_RemoveDatasetRequest, _cowmask_v1_RemoveDatasetResponse, _cowmask_v1_RemoveDatasetRequest__Output, _cowmask_v1_RemoveDatasetResponse__Output>
}
