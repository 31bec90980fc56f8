// Trains until it is killed. Its line names the worker and the folder of its sockets.
import { readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { launch } from '../../../sdk/src/index.js'
import { quick } from '../worker.js'

const base = process.env.XDG_RUNTIME_DIR ?? tmpdir()
const before = new Set(readdirSync(base))
const cowmask = await launch({ stateDir: process.argv[2] })
const folder = readdirSync(base).find(
  (name) =>
    name.startsWith('cowmask-') &&
    !before.has(name) &&
    statSync(join(base, name)).isDirectory() &&
    readdirSync(join(base, name)).some((file) => file.endsWith('.sock')),
)
const run = await cowmask.experiments.start({ ...quick, steps: 1_000_000 })
for await (const event of run.events())
  if (event.type === 'metrics') {
    console.log(JSON.stringify({ pid: (await cowmask.system.info()).pid, folder: join(base, folder ?? '') }))
    await new Promise(() => undefined)
  }
