import type { CallOptions } from './transport/call-options.js'
import type { Channel } from './transport/channel.js'

/** What a worker accepts. */
export interface Limits {
  readonly messageBytes: number
  readonly chunkBytes: number
  /** Most elements that one tensor of a call may have. */
  readonly tensorElements: number
  /** Most bytes that all tensors of one call may have together. */
  readonly callBytes: number
  /** Most bytes that the options of one call may have. */
  readonly optionsBytes: number
  /** Most streams of events that may be open at a time. */
  readonly eventStreams: number
}

/** What a worker is. */
export interface SystemInfo {
  readonly workerVersion: string
  /** Version of the wire contract. */
  readonly protocol: number
  readonly pythonVersion: string
  /** Installed versions by package name. */
  readonly packages: Readonly<Record<string, string>>
  readonly limits: Limits
  readonly pid: number
  readonly uptimeMs: number
}

/** Something that jax computes on. */
export interface Device {
  readonly id: number
  readonly platform: 'cpu' | 'gpu' | 'tpu'
  /** As its maker calls it. */
  readonly kind: string
}

/** The worker itself. */
export class System {
  constructor(private readonly channel: Channel) {}

  /** Answered at once, without jax. */
  async info(call: CallOptions = {}): Promise<SystemInfo> {
    const info = await this.channel.unary('System.Info', {}, call)
    const { workerVersion, protocol, pythonVersion, packages, limits, pid, uptimeMs } = info
    const { messageBytes = 0, chunkBytes = 0, tensorElements = 0, callBytes = 0 } = limits ?? {}
    const { optionsBytes = 0, eventStreams = 0 } = limits ?? {}
    return {
      workerVersion,
      protocol,
      pythonVersion,
      packages,
      limits: { messageBytes, chunkBytes, tensorElements, callBytes, optionsBytes, eventStreams },
      pid,
      uptimeMs,
    }
  }

  /**
   * What runs train on. Each device is made to compute something, which takes seconds the first time.
   *
   * @throws RemoteError `DEVICE_UNUSABLE` where none does
   */
  async devices(call: CallOptions = {}): Promise<Device[]> {
    const { devices } = await this.channel.unary('System.Devices', {}, call)
    return devices.map(({ id, platform, kind }) => ({ id, platform: platform as Device['platform'], kind }))
  }
}
