import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { until } from './workers.js'

const script = fileURLToPath(new URL('../sdk/scripts/train.mts', import.meta.url))
// Ten times what is promised.
const GONE_MS = 50_000

/** L3: scripts that launched a worker are killed at random moments; no process, no socket and no folder is left. */
export async function clientKills(context: Context): Promise<Outcome> {
  const { random, folder, quick, log } = context
  const tally = new Tally(context)
  let slowestMs = 0
  for (let number = 1; number <= (quick ? 3 : 50); number += 1)
    await tally.attempt(`client ${String(number)}`, async () => {
      // Whatever belongs to this client has the folder in its environment, or lies in it.
      const mine = join(folder, String(number))
      await mkdir(mine)
      const env = { ...process.env, TMPDIR: mine, XDG_RUNTIME_DIR: mine }
      const args = ['--import', 'tsx', script, join(folder, `state-${String(number)}`)]
      const child = spawn(process.execPath, args, { stdio: 'ignore', env })
      await sleep(random.between(0, 8000))
      child.kill('SIGKILL')
      await once(child, 'close')
      const killed = performance.now()
      const left = async () => [
        ...(await processesOf(mine)).map((pid) => `process ${pid}`),
        ...(await readdir(mine)).filter((name) => name.startsWith('cowmask-')).map((name) => `folder ${name}`),
      ]
      await until(async () => (await left()).length === 0, 'the end of everything', GONE_MS).catch(async () => {
        throw new Error(`left: ${(await left()).join(', ')}`)
      })
      slowestMs = Math.max(slowestMs, performance.now() - killed)
      log(`${String(number)}: gone`)
    })
  return tally.outcome(`all gone within ${(slowestMs / 1000).toFixed(1)} s`)
}

async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const variables = await readFile(join('/proc', name, 'environ'), 'latin1').catch(() => '')
    if (variables.split('\0').includes(`TMPDIR=${folder}`)) found.push(name)
  }
  return found
}
