// Original file: proto/cowmask/v1/splits.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { SplitsCompareRequest as _cowmask_v1_SplitsCompareRequest, SplitsCompareRequest__Output as _cowmask_v1_SplitsCompareRequest__Output } from '../../cowmask/v1/SplitsCompareRequest.js';
import type { SplitsCompareResponse as _cowmask_v1_SplitsCompareResponse, SplitsCompareResponse__Output as _cowmask_v1_SplitsCompareResponse__Output } from '../../cowmask/v1/SplitsCompareResponse.js';
import type { SplitsCreateRequest as _cowmask_v1_SplitsCreateRequest, SplitsCreateRequest__Output as _cowmask_v1_SplitsCreateRequest__Output } from '../../cowmask/v1/SplitsCreateRequest.js';
import type { SplitsCreateResponse as _cowmask_v1_SplitsCreateResponse, SplitsCreateResponse__Output as _cowmask_v1_SplitsCreateResponse__Output } from '../../cowmask/v1/SplitsCreateResponse.js';
import type { SplitsExportRequest as _cowmask_v1_SplitsExportRequest, SplitsExportRequest__Output as _cowmask_v1_SplitsExportRequest__Output } from '../../cowmask/v1/SplitsExportRequest.js';
import type { SplitsExportResponse as _cowmask_v1_SplitsExportResponse, SplitsExportResponse__Output as _cowmask_v1_SplitsExportResponse__Output } from '../../cowmask/v1/SplitsExportResponse.js';
import type { SplitsImportRequest as _cowmask_v1_SplitsImportRequest, SplitsImportRequest__Output as _cowmask_v1_SplitsImportRequest__Output } from '../../cowmask/v1/SplitsImportRequest.js';
import type { SplitsImportResponse as _cowmask_v1_SplitsImportResponse, SplitsImportResponse__Output as _cowmask_v1_SplitsImportResponse__Output } from '../../cowmask/v1/SplitsImportResponse.js';
import type { SplitsInspectRequest as _cowmask_v1_SplitsInspectRequest, SplitsInspectRequest__Output as _cowmask_v1_SplitsInspectRequest__Output } from '../../cowmask/v1/SplitsInspectRequest.js';
import type { SplitsInspectResponse as _cowmask_v1_SplitsInspectResponse, SplitsInspectResponse__Output as _cowmask_v1_SplitsInspectResponse__Output } from '../../cowmask/v1/SplitsInspectResponse.js';
import type { SplitsListRequest as _cowmask_v1_SplitsListRequest, SplitsListRequest__Output as _cowmask_v1_SplitsListRequest__Output } from '../../cowmask/v1/SplitsListRequest.js';
import type { SplitsListResponse as _cowmask_v1_SplitsListResponse, SplitsListResponse__Output as _cowmask_v1_SplitsListResponse__Output } from '../../cowmask/v1/SplitsListResponse.js';

export interface SplitsClient extends grpc.Client {
  Compare(argument: _cowmask_v1_SplitsCompareRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  Compare(argument: _cowmask_v1_SplitsCompareRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  Compare(argument: _cowmask_v1_SplitsCompareRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  Compare(argument: _cowmask_v1_SplitsCompareRequest, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  compare(argument: _cowmask_v1_SplitsCompareRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  compare(argument: _cowmask_v1_SplitsCompareRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  compare(argument: _cowmask_v1_SplitsCompareRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  compare(argument: _cowmask_v1_SplitsCompareRequest, callback: grpc.requestCallback<_cowmask_v1_SplitsCompareResponse__Output>): grpc.ClientUnaryCall;
  
  Create(argument: _cowmask_v1_SplitsCreateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  Create(argument: _cowmask_v1_SplitsCreateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  Create(argument: _cowmask_v1_SplitsCreateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  Create(argument: _cowmask_v1_SplitsCreateRequest, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  create(argument: _cowmask_v1_SplitsCreateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  create(argument: _cowmask_v1_SplitsCreateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  create(argument: _cowmask_v1_SplitsCreateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  create(argument: _cowmask_v1_SplitsCreateRequest, callback: grpc.requestCallback<_cowmask_v1_SplitsCreateResponse__Output>): grpc.ClientUnaryCall;
  
  Export(argument: _cowmask_v1_SplitsExportRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_SplitsExportResponse__Output>;
  Export(argument: _cowmask_v1_SplitsExportRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_SplitsExportResponse__Output>;
  export(argument: _cowmask_v1_SplitsExportRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_SplitsExportResponse__Output>;
  export(argument: _cowmask_v1_SplitsExportRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_SplitsExportResponse__Output>;
  
  Import(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  Import(metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  Import(options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  Import(callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  import(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  import(metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  import(options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  import(callback: grpc.requestCallback<_cowmask_v1_SplitsImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsImportRequest>;
  
  Inspect(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  Inspect(metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  Inspect(options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  Inspect(callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  inspect(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  inspect(metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  inspect(options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  inspect(callback: grpc.requestCallback<_cowmask_v1_SplitsInspectResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_SplitsInspectRequest>;
  
  List(argument: _cowmask_v1_SplitsListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_SplitsListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_SplitsListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_SplitsListRequest, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_SplitsListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_SplitsListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_SplitsListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_SplitsListRequest, callback: grpc.requestCallback<_cowmask_v1_SplitsListResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface SplitsHandlers extends grpc.UntypedServiceImplementation {
  Compare: grpc.handleUnaryCall<_cowmask_v1_SplitsCompareRequest__Output, _cowmask_v1_SplitsCompareResponse>;
  
  Create: grpc.handleUnaryCall<_cowmask_v1_SplitsCreateRequest__Output, _cowmask_v1_SplitsCreateResponse>;
  
  Export: grpc.handleServerStreamingCall<_cowmask_v1_SplitsExportRequest__Output, _cowmask_v1_SplitsExportResponse>;
  
  Import: grpc.handleClientStreamingCall<_cowmask_v1_SplitsImportRequest__Output, _cowmask_v1_SplitsImportResponse>;
  
  Inspect: grpc.handleClientStreamingCall<_cowmask_v1_SplitsInspectRequest__Output, _cowmask_v1_SplitsInspectResponse>;
  
  List: grpc.handleUnaryCall<_cowmask_v1_SplitsListRequest__Output, _cowmask_v1_SplitsListResponse>;
  
}

export interface SplitsDefinition extends grpc.ServiceDefinition {
  Compare: MethodDefinition<_cowmask_v1_SplitsCompareRequest, _cowmask_v1_SplitsCompareResponse, _cowmask_v1_SplitsCompareRequest__Output, _cowmask_v1_SplitsCompareResponse__Output>
  Create: MethodDefinition<_cowmask_v1_SplitsCreateRequest, _cowmask_v1_SplitsCreateResponse, _cowmask_v1_SplitsCreateRequest__Output, _cowmask_v1_SplitsCreateResponse__Output>
  Export: MethodDefinition<_cowmask_v1_SplitsExportRequest, _cowmask_v1_SplitsExportResponse, _cowmask_v1_SplitsExportRequest__Output, _cowmask_v1_SplitsExportResponse__Output>
  Import: MethodDefinition<_cowmask_v1_SplitsImportRequest, _cowmask_v1_SplitsImportResponse, _cowmask_v1_SplitsImportRequest__Output, _cowmask_v1_SplitsImportResponse__Output>
  Inspect: MethodDefinition<_cowmask_v1_SplitsInspectRequest, _cowmask_v1_SplitsInspectResponse, _cowmask_v1_SplitsInspectRequest__Output, _cowmask_v1_SplitsInspectResponse__Output>
  List: MethodDefinition<_cowmask_v1_SplitsListRequest, _cowmask_v1_SplitsListResponse, _cowmask_v1_SplitsListRequest__Output, _cowmask_v1_SplitsListResponse__Output>
}
