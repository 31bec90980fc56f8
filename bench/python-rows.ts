import { execa } from 'execa'

import { SERVER, workerPython } from './python.js'
import type { Row } from './row.js'

/** What `python -m cowmask_worker.bench GROUP` measures, row by row. */
export async function* pythonRows(group: string, quick: boolean): AsyncGenerator<Row> {
  const measuring = execa(await workerPython(), ['-m', 'cowmask_worker.bench', group, ...(quick ? ['--quick'] : [])], {
    cwd: SERVER,
    stdin: 'ignore',
    stderr: 'inherit',
    buffer: false,
  })
  for await (const line of measuring) yield JSON.parse(line) as Row
  await measuring
}
