import { fileURLToPath } from 'node:url'

import { setup } from 'cowmask'
import { execa } from 'execa'

import type { Row } from './row.js'

/** What `python -m cowmask_worker.bench GROUP` measures, row by row. */
export async function* pythonRows(group: string, quick: boolean): AsyncGenerator<Row> {
  const python = process.env.COWMASK_WORKER_PYTHON ?? (await setup({})).python
  const measuring = execa(python, ['-m', 'cowmask_worker.bench', group, ...(quick ? ['--quick'] : [])], {
    cwd: fileURLToPath(new URL('../server-py', import.meta.url)),
    stdin: 'ignore',
    stderr: 'inherit',
    buffer: false,
  })
  for await (const line of measuring) yield JSON.parse(line) as Row
  await measuring
}
