/**
 * Measures what the product promises to be fast at: `npm run bench`, `npm run bench -- data`, `npm run -s bench -- --json`.
 * Every figure stands beside a baseline measured in turn with it, because an absolute time says little on a shared machine.
 */
import { parseArgs } from 'node:util'

import { containerRows } from './containers.js'
import { header } from './header.js'
import { launchRows } from './launch.js'
import { pythonRows } from './python-rows.js'
import type { Row } from './row.js'
import { scalingRows } from './scaling.js'
import { startRows } from './start.js'
import { wireRows } from './wire.js'

type Rows = (options: { readonly quick: boolean }) => AsyncIterable<Row>

const groups: Readonly<Record<string, Rows>> = {
  launch: launchRows,
  start: startRows,
  wire: wireRows,
  dispatch: ({ quick }) => pythonRows('dispatch', quick),
  memory: ({ quick }) => pythonRows('memory', quick),
  scaling: scalingRows,
  data: ({ quick }) => pythonRows('data', quick),
  masks: ({ quick }) => pythonRows('masks', quick),
  training: ({ quick }) => pythonRows('training', quick),
  'peer-torch': ({ quick }) => pythonRows('peer-torch', quick),
  'full-size': ({ quick }) => pythonRows('full-size', quick),
  containers: ({ quick }) => containerRows(quick),
}

// Wants a Docker engine, which is looked for where it is named.
const unasked = ['containers']

const HELP = `npm run bench -- [${Object.keys(groups).join('|')} ...] [--quick] [--json]`

function readArguments() {
  try {
    const options = { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ allowPositionals: true, options })
    const unknown = positionals.filter((name) => !(name in groups))
    if (unknown.length > 0) throw new TypeError(`there is no group ${unknown.join(', ')}`)
    return {
      ...values,
      names: positionals.length > 0 ? positionals : Object.keys(groups).filter((name) => !unasked.includes(name)),
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    process.exit(2)
  }
}

function tell({ name, unit, ours, spread, baselineName, baseline, ratio, target, ok, detail }: Row): void {
  const shown = (value: number) => (Math.abs(value) < 100 ? value.toPrecision(3) : value.toFixed(0))
  const measured = ours === null || spread === null ? '' : `: ${shown(ours)} ${unit} (${spread.map(shown).join('..')})`
  console.log(`${ok === null ? 'none' : ok ? 'ok  ' : 'FAIL'} ${name}${measured}, ${target}`)
  if (ratio !== null && baseline !== null)
    console.log(`     ${shown(ratio)}x of ${baselineName}: ${shown(baseline)} ${unit}`)
  if (detail) console.log(`     ${detail}`)
}

const { names, quick, json } = readArguments()
const command = ['npm run -s bench --', ...process.argv.slice(2)].join(' ')
const date = new Date().toISOString().slice(0, 10)
const rows: Row[] = []
const measuredOn = await header()
if (!json) {
  const { device, processor, cores, versions } = measuredOn
  console.log(`Device ${device}; ${cores} cores of ${processor}`)
  console.log(Object.entries(versions).flat().join(' '))
}
for (const name of names)
  for await (const row of groups[name]?.({ quick }) ?? []) {
    rows.push(row)
    if (!json) tell(row)
  }
if (json) console.log(JSON.stringify({ command, date, ...measuredOn, rows }, null, 2))
process.exitCode = rows.every(({ ok }) => ok !== false) ? 0 : 1
