import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

import { execa } from 'execa'

import { SERVER, workerPython } from './python.js'

/** Where figures were measured, and with what. */
export interface Header {
  readonly device: string
  readonly processor: string
  readonly cores: number
  readonly versions: Readonly<Record<string, string>>
}

export async function header(): Promise<Header> {
  const python = await execa(await workerPython(), ['-m', 'cowmask_worker.bench.versions'], { cwd: SERVER })
  const { device, ...versions } = JSON.parse(python.stdout) as Record<string, string>
  const grpc = new URL('../node_modules/@grpc/grpc-js/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(grpc, 'utf8')) as { readonly version: string }
  return {
    device: device ?? '',
    processor: cpus()[0]?.model ?? '',
    cores: availableParallelism(),
    versions: { node: process.version.slice(1), '@grpc/grpc-js': version, ...versions },
  }
}
