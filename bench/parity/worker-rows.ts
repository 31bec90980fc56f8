import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { type Findings, type Row, type Time, type Versions, failed } from './row.js'

/** One line that `python -m cowmask_worker.parity` prints. */
interface Line {
  readonly row?: Row
  readonly progress?: { readonly file: string; readonly seconds: number | null }
  readonly time?: Time
  readonly versions?: Versions
}

interface Asked {
  readonly python: string
  readonly vectors: string
  readonly quick: boolean
  readonly device: string
}

/** Has the worker compare itself with a folder of vectors; `tell` hears what it is at. */
export async function workerRows(
  { python, vectors, quick, device }: Asked,
  tell: (line: string) => void,
): Promise<Findings> {
  const args = ['-m', 'cowmask_worker.parity', '--vectors', vectors, '--device', device, ...(quick ? ['--quick'] : [])]
  const worker = execa(python, args, {
    cwd: fileURLToPath(new URL('../../server-py', import.meta.url)),
    stdin: 'ignore',
    buffer: { stdout: false },
    reject: false,
  })
  const rows: Row[] = []
  const times: Time[] = []
  let versions: Versions | undefined
  for await (const text of worker) {
    const line = JSON.parse(text) as Line
    if (line.row) rows.push(line.row)
    if (line.time) times.push(line.time)
    if (line.versions) versions = line.versions
    if (line.progress) {
      const { file, seconds } = line.progress
      tell(seconds === null ? `${file} ...` : `${file}: ${seconds.toFixed(1)} s`)
    }
  }
  const { exitCode, signal, stderr, shortMessage } = await worker
  if (exitCode !== 0 || versions === undefined) {
    const end = signal === undefined ? `ended with ${String(exitCode ?? shortMessage)}` : `was ended by ${signal}`
    const said = stderr.trim().split('\n').at(-1) ?? ''
    rows.push(failed('worker', 'the comparing process', `${end}${said ? `: ${said}` : ''}`))
  }
  return { rows, times, versions: versions ?? {} }
}
