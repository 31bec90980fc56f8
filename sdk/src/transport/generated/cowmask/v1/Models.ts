// Original file: proto/cowmask/v1/models.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CheckpointsRequest as _cowmask_v1_CheckpointsRequest, CheckpointsRequest__Output as _cowmask_v1_CheckpointsRequest__Output } from '../../cowmask/v1/CheckpointsRequest.js';
import type { CheckpointsResponse as _cowmask_v1_CheckpointsResponse, CheckpointsResponse__Output as _cowmask_v1_CheckpointsResponse__Output } from '../../cowmask/v1/CheckpointsResponse.js';
import type { EvaluateRequest as _cowmask_v1_EvaluateRequest, EvaluateRequest__Output as _cowmask_v1_EvaluateRequest__Output } from '../../cowmask/v1/EvaluateRequest.js';
import type { EvaluateResponse as _cowmask_v1_EvaluateResponse, EvaluateResponse__Output as _cowmask_v1_EvaluateResponse__Output } from '../../cowmask/v1/EvaluateResponse.js';
import type { ExportRequest as _cowmask_v1_ExportRequest, ExportRequest__Output as _cowmask_v1_ExportRequest__Output } from '../../cowmask/v1/ExportRequest.js';
import type { ExportResponse as _cowmask_v1_ExportResponse, ExportResponse__Output as _cowmask_v1_ExportResponse__Output } from '../../cowmask/v1/ExportResponse.js';
import type { PredictFilesRequest as _cowmask_v1_PredictFilesRequest, PredictFilesRequest__Output as _cowmask_v1_PredictFilesRequest__Output } from '../../cowmask/v1/PredictFilesRequest.js';
import type { PredictFilesResponse as _cowmask_v1_PredictFilesResponse, PredictFilesResponse__Output as _cowmask_v1_PredictFilesResponse__Output } from '../../cowmask/v1/PredictFilesResponse.js';
import type { PredictRequest as _cowmask_v1_PredictRequest, PredictRequest__Output as _cowmask_v1_PredictRequest__Output } from '../../cowmask/v1/PredictRequest.js';
import type { PredictResponse as _cowmask_v1_PredictResponse, PredictResponse__Output as _cowmask_v1_PredictResponse__Output } from '../../cowmask/v1/PredictResponse.js';

export interface ModelsClient extends grpc.Client {
  Checkpoints(argument: _cowmask_v1_CheckpointsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  Checkpoints(argument: _cowmask_v1_CheckpointsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  Checkpoints(argument: _cowmask_v1_CheckpointsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  Checkpoints(argument: _cowmask_v1_CheckpointsRequest, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _cowmask_v1_CheckpointsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _cowmask_v1_CheckpointsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _cowmask_v1_CheckpointsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _cowmask_v1_CheckpointsRequest, callback: grpc.requestCallback<_cowmask_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  
  Evaluate(argument: _cowmask_v1_EvaluateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  Evaluate(argument: _cowmask_v1_EvaluateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  Evaluate(argument: _cowmask_v1_EvaluateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  Evaluate(argument: _cowmask_v1_EvaluateRequest, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  evaluate(argument: _cowmask_v1_EvaluateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  evaluate(argument: _cowmask_v1_EvaluateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  evaluate(argument: _cowmask_v1_EvaluateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  evaluate(argument: _cowmask_v1_EvaluateRequest, callback: grpc.requestCallback<_cowmask_v1_EvaluateResponse__Output>): grpc.ClientUnaryCall;
  
  Export(argument: _cowmask_v1_ExportRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_ExportResponse__Output>;
  Export(argument: _cowmask_v1_ExportRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_ExportResponse__Output>;
  export(argument: _cowmask_v1_ExportRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_ExportResponse__Output>;
  export(argument: _cowmask_v1_ExportRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_ExportResponse__Output>;
  
  Predict(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_PredictRequest, _cowmask_v1_PredictResponse__Output>;
  Predict(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_PredictRequest, _cowmask_v1_PredictResponse__Output>;
  predict(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_PredictRequest, _cowmask_v1_PredictResponse__Output>;
  predict(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_PredictRequest, _cowmask_v1_PredictResponse__Output>;
  
  PredictFiles(argument: _cowmask_v1_PredictFilesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_PredictFilesResponse__Output>;
  PredictFiles(argument: _cowmask_v1_PredictFilesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_PredictFilesResponse__Output>;
  predictFiles(argument: _cowmask_v1_PredictFilesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_PredictFilesResponse__Output>;
  predictFiles(argument: _cowmask_v1_PredictFilesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_PredictFilesResponse__Output>;
  
}

export interface ModelsHandlers extends grpc.UntypedServiceImplementation {
  Checkpoints: grpc.handleUnaryCall<_cowmask_v1_CheckpointsRequest__Output, _cowmask_v1_CheckpointsResponse>;
  
  Evaluate: grpc.handleUnaryCall<_cowmask_v1_EvaluateRequest__Output, _cowmask_v1_EvaluateResponse>;
  
  Export: grpc.handleServerStreamingCall<_cowmask_v1_ExportRequest__Output, _cowmask_v1_ExportResponse>;
  
  Predict: grpc.handleBidiStreamingCall<_cowmask_v1_PredictRequest__Output, _cowmask_v1_PredictResponse>;
  
  PredictFiles: grpc.handleServerStreamingCall<_cowmask_v1_PredictFilesRequest__Output, _cowmask_v1_PredictFilesResponse>;
  
}

export interface ModelsDefinition extends grpc.ServiceDefinition {
  Checkpoints: MethodDefinition<_cowmask_v1_CheckpointsRequest, _cowmask_v1_CheckpointsResponse, _cowmask_v1_CheckpointsRequest__Output, _cowmask_v1_CheckpointsResponse__Output>
  Evaluate: MethodDefinition<_cowmask_v1_EvaluateRequest, _cowmask_v1_EvaluateResponse, _cowmask_v1_EvaluateRequest__Output, _cowmask_v1_EvaluateResponse__Output>
  Export: MethodDefinition<_cowmask_v1_ExportRequest, _cowmask_v1_ExportResponse, _cowmask_v1_ExportRequest__Output, _cowmask_v1_ExportResponse__Output>
  Predict: MethodDefinition<_cowmask_v1_PredictRequest, _cowmask_v1_PredictResponse, _cowmask_v1_PredictRequest__Output, _cowmask_v1_PredictResponse__Output>
  PredictFiles: MethodDefinition<_cowmask_v1_PredictFilesRequest, _cowmask_v1_PredictFilesResponse, _cowmask_v1_PredictFilesRequest__Output, _cowmask_v1_PredictFilesResponse__Output>
}
