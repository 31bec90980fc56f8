// Original file: proto/cowmask/v1/masks.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { EraseRequest as _cowmask_v1_EraseRequest, EraseRequest__Output as _cowmask_v1_EraseRequest__Output } from '../../cowmask/v1/EraseRequest.js';
import type { EraseResponse as _cowmask_v1_EraseResponse, EraseResponse__Output as _cowmask_v1_EraseResponse__Output } from '../../cowmask/v1/EraseResponse.js';
import type { GenerateRequest as _cowmask_v1_GenerateRequest, GenerateRequest__Output as _cowmask_v1_GenerateRequest__Output } from '../../cowmask/v1/GenerateRequest.js';
import type { GenerateResponse as _cowmask_v1_GenerateResponse, GenerateResponse__Output as _cowmask_v1_GenerateResponse__Output } from '../../cowmask/v1/GenerateResponse.js';
import type { MixRequest as _cowmask_v1_MixRequest, MixRequest__Output as _cowmask_v1_MixRequest__Output } from '../../cowmask/v1/MixRequest.js';
import type { MixResponse as _cowmask_v1_MixResponse, MixResponse__Output as _cowmask_v1_MixResponse__Output } from '../../cowmask/v1/MixResponse.js';

export interface MasksClient extends grpc.Client {
  Erase(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_EraseRequest, _cowmask_v1_EraseResponse__Output>;
  Erase(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_EraseRequest, _cowmask_v1_EraseResponse__Output>;
  erase(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_EraseRequest, _cowmask_v1_EraseResponse__Output>;
  erase(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_EraseRequest, _cowmask_v1_EraseResponse__Output>;
  
  Generate(argument: _cowmask_v1_GenerateRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_GenerateResponse__Output>;
  Generate(argument: _cowmask_v1_GenerateRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_GenerateResponse__Output>;
  generate(argument: _cowmask_v1_GenerateRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_GenerateResponse__Output>;
  generate(argument: _cowmask_v1_GenerateRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cowmask_v1_GenerateResponse__Output>;
  
  Mix(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_MixRequest, _cowmask_v1_MixResponse__Output>;
  Mix(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_MixRequest, _cowmask_v1_MixResponse__Output>;
  mix(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_MixRequest, _cowmask_v1_MixResponse__Output>;
  mix(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cowmask_v1_MixRequest, _cowmask_v1_MixResponse__Output>;
  
}

export interface MasksHandlers extends grpc.UntypedServiceImplementation {
  Erase: grpc.handleBidiStreamingCall<_cowmask_v1_EraseRequest__Output, _cowmask_v1_EraseResponse>;
  
  Generate: grpc.handleServerStreamingCall<_cowmask_v1_GenerateRequest__Output, _cowmask_v1_GenerateResponse>;
  
  Mix: grpc.handleBidiStreamingCall<_cowmask_v1_MixRequest__Output, _cowmask_v1_MixResponse>;
  
}

export interface MasksDefinition extends grpc.ServiceDefinition {
  Erase: MethodDefinition<_cowmask_v1_EraseRequest, _cowmask_v1_EraseResponse, _cowmask_v1_EraseRequest__Output, _cowmask_v1_EraseResponse__Output>
  Generate: MethodDefinition<_cowmask_v1_GenerateRequest, _cowmask_v1_GenerateResponse, _cowmask_v1_GenerateRequest__Output, _cowmask_v1_GenerateResponse__Output>
  Mix: MethodDefinition<_cowmask_v1_MixRequest, _cowmask_v1_MixResponse, _cowmask_v1_MixRequest__Output, _cowmask_v1_MixResponse__Output>
}
