// Original file: proto/cowmask/v1/experiments.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelRequest as _cowmask_v1_CancelRequest, CancelRequest__Output as _cowmask_v1_CancelRequest__Output } from '../../cowmask/v1/CancelRequest.js';
import type { CancelResponse as _cowmask_v1_CancelResponse, CancelResponse__Output as _cowmask_v1_CancelResponse__Output } from '../../cowmask/v1/CancelResponse.js';
import type { DeleteRequest as _cowmask_v1_DeleteRequest, DeleteRequest__Output as _cowmask_v1_DeleteRequest__Output } from '../../cowmask/v1/DeleteRequest.js';
import type { DeleteResponse as _cowmask_v1_DeleteResponse, DeleteResponse__Output as _cowmask_v1_DeleteResponse__Output } from '../../cowmask/v1/DeleteResponse.js';
import type { GetRequest as _cowmask_v1_GetRequest, GetRequest__Output as _cowmask_v1_GetRequest__Output } from '../../cowmask/v1/GetRequest.js';
import type { GetResponse as _cowmask_v1_GetResponse, GetResponse__Output as _cowmask_v1_GetResponse__Output } from '../../cowmask/v1/GetResponse.js';
import type { ImportRequest as _cowmask_v1_ImportRequest, ImportRequest__Output as _cowmask_v1_ImportRequest__Output } from '../../cowmask/v1/ImportRequest.js';
import type { ImportResponse as _cowmask_v1_ImportResponse, ImportResponse__Output as _cowmask_v1_ImportResponse__Output } from '../../cowmask/v1/ImportResponse.js';
import type { ListRequest as _cowmask_v1_ListRequest, ListRequest__Output as _cowmask_v1_ListRequest__Output } from '../../cowmask/v1/ListRequest.js';
import type { ListResponse as _cowmask_v1_ListResponse, ListResponse__Output as _cowmask_v1_ListResponse__Output } from '../../cowmask/v1/ListResponse.js';
import type { ResumeRequest as _cowmask_v1_ResumeRequest, ResumeRequest__Output as _cowmask_v1_ResumeRequest__Output } from '../../cowmask/v1/ResumeRequest.js';
import type { ResumeResponse as _cowmask_v1_ResumeResponse, ResumeResponse__Output as _cowmask_v1_ResumeResponse__Output } from '../../cowmask/v1/ResumeResponse.js';
import type { StartRequest as _cowmask_v1_StartRequest, StartRequest__Output as _cowmask_v1_StartRequest__Output } from '../../cowmask/v1/StartRequest.js';
import type { StartResponse as _cowmask_v1_StartResponse, StartResponse__Output as _cowmask_v1_StartResponse__Output } from '../../cowmask/v1/StartResponse.js';
import type { StepRequest as _cowmask_v1_StepRequest, StepRequest__Output as _cowmask_v1_StepRequest__Output } from '../../cowmask/v1/StepRequest.js';
import type { StepResponse as _cowmask_v1_StepResponse, StepResponse__Output as _cowmask_v1_StepResponse__Output } from '../../cowmask/v1/StepResponse.js';
import type { WatchRequest as _cowmask_v1_WatchRequest, WatchRequest__Output as _cowmask_v1_WatchRequest__Output } from '../../cowmask/v1/WatchRequest.js';
import type { WatchResponse as _cowmask_v1_WatchResponse, WatchResponse__Output as _cowmask_v1_WatchResponse__Output } from '../../cowmask/v1/WatchResponse.js';

export interface ExperimentsClient extends grpc.Client {
  Cancel(argument: _cowmask_v1_CancelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _cowmask_v1_CancelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _cowmask_v1_CancelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _cowmask_v1_CancelRequest, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _cowmask_v1_CancelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _cowmask_v1_CancelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _cowmask_v1_CancelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _cowmask_v1_CancelRequest, callback: grpc.requestCallback<_cowmask_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  
  Delete(argument: _cowmask_v1_DeleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _cowmask_v1_DeleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _cowmask_v1_DeleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _cowmask_v1_DeleteRequest, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _cowmask_v1_DeleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _cowmask_v1_DeleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _cowmask_v1_DeleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _cowmask_v1_DeleteRequest, callback: grpc.requestCallback<_cowmask_v1_DeleteResponse__Output>): grpc.ClientUnaryCall;
  
  Get(argument: _cowmask_v1_GetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  Get(argument: _cowmask_v1_GetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  Get(argument: _cowmask_v1_GetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  Get(argument: _cowmask_v1_GetRequest, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _cowmask_v1_GetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _cowmask_v1_GetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _cowmask_v1_GetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _cowmask_v1_GetRequest, callback: grpc.requestCallback<_cowmask_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  
  Import(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  Import(metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  Import(options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  Import(callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  import(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  import(metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  import(options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  import(callback: grpc.requestCallback<_cowmask_v1_ImportResponse__Output>): grpc.ClientWritableStream<_cowmask_v1_ImportRequest>;
  
  List(argument: _cowmask_v1_ListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_ListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_ListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _cowmask_v1_ListRequest, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_ListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_ListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_ListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _cowmask_v1_ListRequest, callback: grpc.requestCallback<_cowmask_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  
  Resume(argument: _cowmask_v1_ResumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  Resume(argument: _cowmask_v1_ResumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  Resume(argument: _cowmask_v1_ResumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  Resume(argument: _cowmask_v1_ResumeRequest, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _cowmask_v1_ResumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _cowmask_v1_ResumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _cowmask_v1_ResumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _cowmask_v1_ResumeRequest, callback: grpc.requestCallback<_cowmask_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  
  Start(argument: _cowmask_v1_StartRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  Start(argument: _cowmask_v1_StartRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  Start(argument: _cowmask_v1_StartRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  Start(argument: _cowmask_v1_StartRequest, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  start(argument: _cowmask_v1_StartRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  start(argument: _cowmask_v1_StartRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  start(argument: _cowmask_v1_StartRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  start(argument: _cowmask_v1_StartRequest, callback: grpc.requestCallback<_cowmask_v1_StartResponse__Output>): grpc.ClientUnaryCall;
  
  Step(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_StepRequest, _cowmask_v1_StepResponse__Output>;
  Step(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_StepRequest, _cowmask_v1_StepResponse__Output>;
  step(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_StepRequest, _cowmask_v1_StepResponse__Output>;
  step(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_StepRequest, _cowmask_v1_StepResponse__Output>;
  
  Watch(argument: _cowmask_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_WatchResponse__Output>;
  Watch(argument: _cowmask_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_WatchResponse__Output>;
  watch(argument: _cowmask_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_WatchResponse__Output>;
  watch(argument: _cowmask_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_WatchResponse__Output>;
  
}

export interface ExperimentsHandlers extends grpc.UntypedServiceImplementation {
  Cancel: grpc.handleUnaryCall<_cowmask_v1_CancelRequest__Output, _cowmask_v1_CancelResponse>;
  
  Delete: grpc.handleUnaryCall<_cowmask_v1_DeleteRequest__Output, _cowmask_v1_DeleteResponse>;
  
  Get: grpc.handleUnaryCall<_cowmask_v1_GetRequest__Output, _cowmask_v1_GetResponse>;
  
  Import: grpc.handleClientStreamingCall<_cowmask_v1_ImportRequest__Output, _cowmask_v1_ImportResponse>;
  
  List: grpc.handleUnaryCall<_cowmask_v1_ListRequest__Output, _cowmask_v1_ListResponse>;
  
  Resume: grpc.handleUnaryCall<_cowmask_v1_ResumeRequest__Output, _cowmask_v1_ResumeResponse>;
  
  Start: grpc.handleUnaryCall<_cowmask_v1_StartRequest__Output, _cowmask_v1_StartResponse>;
  
  Step: grpc.handleBidiStreamingCall<_cowmask_v1_StepRequest__Output, _cowmask_v1_StepResponse>;
  
  Watch: grpc.handleServerStreamingCall<_cowmask_v1_WatchRequest__Output, _cowmask_v1_WatchResponse>;
  
}

export interface ExperimentsDefinition extends grpc.ServiceDefinition {
  Cancel: MethodDefinition<_cowmask_v1_CancelRequest, _cowmask_v1_CancelResponse, _cowmask_v1_CancelRequest__Output, _cowmask_v1_CancelResponse__Output>
  Delete: MethodDefinition<_cowmask_v1_DeleteRequest, _cowmask_v1_DeleteResponse, _cowmask_v1_DeleteRequest__Output, _cowmask_v1_DeleteResponse__Output>
  Get: MethodDefinition<_cowmask_v1_GetRequest, _cowmask_v1_GetResponse, _cowmask_v1_GetRequest__Output, _cowmask_v1_GetResponse__Output>
  Import: MethodDefinition<_cowmask_v1_ImportRequest, _cowmask_v1_ImportResponse, _cowmask_v1_ImportRequest__Output, _cowmask_v1_ImportResponse__Output>
  List: MethodDefinition<_cowmask_v1_ListRequest, _cowmask_v1_ListResponse, _cowmask_v1_ListRequest__Output, _cowmask_v1_ListResponse__Output>
  Resume: MethodDefinition<_cowmask_v1_ResumeRequest, _cowmask_v1_ResumeResponse, _cowmask_v1_ResumeRequest__Output, _cowmask_v1_ResumeResponse__Output>
  Start: MethodDefinition<_cowmask_v1_StartRequest, _cowmask_v1_StartResponse, _cowmask_v1_StartRequest__Output, _cowmask_v1_StartResponse__Output>
  Step: MethodDefinition<_cowmask_v1_StepRequest, _cowmask_v1_StepResponse, _cowmask_v1_StepRequest__Output, _cowmask_v1_StepResponse__Output>
  Watch: MethodDefinition<_cowmask_v1_WatchRequest, _cowmask_v1_WatchResponse, _cowmask_v1_WatchRequest__Output, _cowmask_v1_WatchResponse__Output>
}
