import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { python } from '../sdk/served.js'
import type { Context, Outcome } from './part.js'

const server = fileURLToPath(new URL('../../server-py', import.meta.url))

/** W1: every method of the contract is sent what nobody would send; a method is one that was tried so many times. */
export async function fuzz({ quick, seed, log }: Context): Promise<Outcome> {
  const cases = quick ? 50 : Number(process.env.COWMASK_FUZZ_CASES ?? 10_000)
  const env = { ...process.env, COWMASK_FUZZ_CASES: String(cases), COWMASK_FUZZ_SEED: String(seed) }
  const child = spawn(python, ['-m', 'pytest', 'tests/service/test_fuzz.py', '-q', '-rA', '--no-header'], {
    cwd: server,
    env,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  const methods = [...said.matchAll(/^\/[\w.]+\/\w+: /gm)].length
  const losses = [...said.matchAll(/^FAILED .*$/gm)].map(([line]) => line)
  if (code !== 0 && losses.length === 0) losses.push(`pytest ended with ${String(code)}: ${said.slice(-500)}`)
  for (const line of losses) log(`LOST ${line}`)
  const tried = methods * cases
  return {
    tried,
    survived: tried - losses.length,
    losses,
    figures: `${String(methods)} methods, ${String(cases)} requests each`,
  }
}
