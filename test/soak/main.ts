import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { clientKills } from './client-kills.js'
import { damage } from './damage.js'
import { fuzz } from './fuzz.js'
import { idleStreams } from './idle-streams.js'
import { kills } from './kills.js'
import { longRun } from './long-run.js'
import { manyRuns } from './many-runs.js'
import type { Outcome, Part } from './part.js'
import { quietStream } from './quiet-stream.js'
import { Random } from './random.js'
import { replay } from './replay.js'

const PARTS: Readonly<Record<string, Part>> = {
  kills,
  damage,
  fuzz,
  replay,
  'long-run': longRun,
  'quiet-stream': quietStream,
  'idle-streams': idleStreams,
  'client-kills': clientKills,
  'many-runs': manyRuns,
}

const USAGE = `npm run test:soak -- [--only NAME]... [--seed NUMBER] [--minutes NUMBER] [--quick]
  --only     one part, may be given several times: ${Object.keys(PARTS).join(', ')}
  --seed     repeats the same draws (default: 1)
  --minutes  length of the long run (default: 30)
  --quick    a small share of everything`

function asked() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '30' },
      quick: { type: 'boolean', default: false },
    },
  })
  const seed = Number(values.seed)
  const minutes = Number(values.minutes)
  const only = values.only ?? Object.keys(PARTS)
  if (!Number.isInteger(seed) || !(minutes > 0) || only.some((name) => !(name in PARTS))) throw new Error(USAGE)
  return { seed, minutes, quick: values.quick, only }
}

const { only, ...options } = asked()
const rows: { part: string; seconds: string; outcome: Outcome }[] = []
for (const part of only) {
  const folder = await mkdtemp(join('/tmp', 'cm-'))
  const log = (line: string) => {
    console.error(`[${new Date().toISOString().slice(11, 19)}] ${part}: ${line}`)
  }
  const began = performance.now()
  log('begins')
  const random = new Random(`${String(options.seed)} ${part}`)
  const outcome = await PARTS[part]?.({ ...options, random, folder, log }).catch((error: unknown): Outcome => {
    log(`LOST ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return { tried: 1, survived: 0, figures: 'it broke off', losses: [String(error)] }
  })
  if (outcome) rows.push({ part, seconds: ((performance.now() - began) / 1000).toFixed(0), outcome })
  await rm(folder, { recursive: true, force: true })
}

const table = [
  ['part', 'tried', 'survived', 'lost', 'seconds', 'figures'],
  ...rows.map(({ part, seconds, outcome: { tried, survived, losses, figures } }) => [
    part,
    ...[tried, survived, losses.length].map((count) => count.toLocaleString('en-US')),
    seconds,
    figures,
  ]),
]
const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
process.exitCode = rows.some(({ outcome }) => outcome.losses.length > 0) ? 1 : 0
