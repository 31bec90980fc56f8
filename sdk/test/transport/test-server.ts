import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'

import { Channel, type ChannelOptions } from '../../src/transport/channel.js'
import { contract } from '../../src/transport/contract.js'

export type Unary = ServerUnaryCall<Record<string, unknown>, object>
export type UnaryAnswer = sendUnaryData<object>
export type Streaming = ServerWritableStream<Record<string, unknown>, object>
export type Duplex = ServerDuplexStream<Record<string, unknown>, object>

/** A real gRPC server on a free port of this machine, and a channel to it. */
export class TestServer implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  static async start(services: Record<string, UntypedServiceImplementation>, at = '127.0.0.1:0'): Promise<TestServer> {
    const server = new Server({ 'grpc.max_receive_message_length': 16 << 20, 'grpc.max_send_message_length': 32 << 20 })
    for (const [name, handlers] of Object.entries(services))
      server.addService(contract()[`cowmask.v1.${name}`] as unknown as ServiceDefinition, handlers)
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(at, ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error)
        else resolve(bound)
      })
    })
    return new TestServer(server, `127.0.0.1:${String(port)}`)
  }

  channel(options: Partial<ChannelOptions> = {}): Channel {
    return new Channel({ address: this.address, token: 'a token', ...options })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown()
    return Promise.resolve()
  }
}
