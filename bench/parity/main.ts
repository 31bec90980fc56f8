/**
 * Compares what we compute with what the authors' code computed: `npm run parity`. The numbers are the recorded ones of
 * `test/parity`, a folder of your own, or fresh ones of a checkout that is run here and now.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { setup } from 'cowmask'
import { format, resolveConfig } from 'prettier'
import { readArguments } from './arguments.js'
import { launcherDefaults } from './launcher-defaults.js'
import { recordReference } from './live-reference.js'
import type { Findings } from './row.js'
import { markdownTable, textTable } from './table.js'
import { workerRows } from './worker-rows.js'

const MARKS = ['<!-- parity: begin -->', '<!-- parity: end -->'] as const

const asked = readArguments()
const tell = (line: string) => {
  console.error(`[parity] ${line}`)
}

async function findings(): Promise<Findings> {
  const python = process.env.COWMASK_WORKER_PYTHON ?? (await setup({})).python
  const { quick, device, reference } = asked
  const defaults = launcherDefaults()
  if (reference === undefined) {
    const found = await workerRows({ python, vectors: asked.vectors, quick, device }, tell)
    return { ...found, rows: [...found.rows, defaults] }
  }
  const vectors = await mkdtemp(join(tmpdir(), 'cowmask-reference-'))
  try {
    const impossible = await recordReference({ ...reference, quick, out: vectors }, tell)
    if (impossible) return { rows: [impossible, defaults], times: [], versions: {} }
    const found = await workerRows({ python, vectors, quick, device }, tell)
    return { ...found, rows: [...found.rows, defaults] }
  } finally {
    await rm(vectors, { recursive: true, force: true })
  }
}

async function writeInto(file: string, table: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark)) as [number, number]
  if (begin < 0 || end < begin) throw new Error(`${file} lacks ${MARKS.join(' and, after it, ')}.`)
  const written = `${text.slice(0, begin + MARKS[0].length)}\n\n${table}\n\n${text.slice(end)}`
  await writeFile(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }))
}

const found = await findings()
const passed = found.rows.filter(({ ok }) => ok === true).length
const failed = found.rows.filter(({ ok }) => ok === false).length
if (asked.write !== undefined) await writeInto(asked.write, markdownTable(found))
if (asked.json) console.log(JSON.stringify({ passed, failed, ...found }, null, 2))
else console.log(`${textTable(found)}\n\n${String(passed)} passed, ${String(failed)} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
