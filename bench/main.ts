/**
 * Measures what the product promises to be fast at: `npm run bench`, `npm run -s bench -- --json`.
 * Every figure stands beside a baseline measured in turn with it, because an absolute time says little on a shared machine.
 */
import { availableParallelism } from 'node:os'
import { launchRow } from './launch.js'

const rows = [await launchRow(7)]
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, cores: availableParallelism(), rows }, null, 2))
} else {
  console.log(`Node ${process.version}, ${availableParallelism()} cores`)
  for (const { name, unit, ours, spread, baselineName, baseline, ratio, target, ok } of rows) {
    console.log(
      `${ok ? 'ok  ' : 'FAIL'} ${name}: ${ours.toFixed(0)} ${unit} (${spread.map((value) => value.toFixed(0)).join('..')}), ${target}`,
    )
    console.log(`     ${ratio.toFixed(2)}x of ${baselineName}: ${baseline.toFixed(0)} ${unit}`)
  }
}
process.exitCode = rows.every((row) => row.ok) ? 0 : 1
