import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Client, credentials } from '@grpc/grpc-js'
import { type MethodDefinition, type ServiceDefinition, loadSync } from '@grpc/proto-loader'

import { PythonProgram } from '../python.js'

interface MasksResponse {
  readonly pixels: readonly number[]
}

const CONTRACT = fileURLToPath(new URL('repeated-float.proto', import.meta.url))
// As the SDK's own channel has it.
const WINDOW_BYTES = 16 * 1024 * 1024

/** A Python server that sends masks as `repeated float`, and its client. */
export class RepeatedFloat implements AsyncDisposable {
  private constructor(
    private readonly server: PythonProgram,
    private readonly client: Client,
    private readonly method: MethodDefinition<object, object, object, MasksResponse>,
    private readonly folder: string,
  ) {}

  static async start(): Promise<RepeatedFloat> {
    const service = loadSync(CONTRACT)['cowmask.bench.RepeatedFloat'] as ServiceDefinition
    const method = service.Masks as unknown as MethodDefinition<object, object, object, MasksResponse>
    const [descriptor] = method.requestType.fileDescriptorProtos
    const folder = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
    const socket = join(folder, 'floats.sock')
    const server = await PythonProgram.start('repeated_float', socket, descriptor?.toString('base64') ?? '')
    await server.line()
    const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': WINDOW_BYTES,
      'grpc-node.flow_control_window': WINDOW_BYTES,
    })
    return new RepeatedFloat(server, client, method, folder)
  }

  /** The masks as bytes. */
  async masks(shape: { readonly count: number; readonly height: number; readonly width: number }): Promise<Uint8Array> {
    const { path, requestSerialize, responseDeserialize } = this.method
    const bytes = new Uint8Array(shape.count * shape.height * shape.width)
    let filled = 0
    const answers = this.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, shape)
    for await (const { pixels } of answers as AsyncIterable<MasksResponse>) {
      bytes.set(pixels, filled)
      filled += pixels.length
    }
    return bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close()
    await this.server[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}
