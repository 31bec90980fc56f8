import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { launch } from 'cowmask'
import { expect, test, vi } from 'vitest'

import { descendants, processes } from './processes.js'
import { quick, temporaryFolder } from './worker.js'

const cli = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
const CTRL_C = '\x03'

/** Runs the command line on a terminal of its own, where Ctrl-C reaches every process. */
function onTerminal(...args: string[]) {
  const command = JSON.stringify([process.execPath, '--import', 'tsx', cli, ...args])
  const program = `import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(${command})))`
  const child = spawn(process.env.COWMASK_WORKER_PYTHON ?? 'python3', ['-c', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return {
    child,
    press: (key: string) => child.stdin.write(key),
    says: (text: string) =>
      vi.waitFor(
        () => {
          expect(said).toContain(text)
        },
        { timeout: 120_000, interval: 20 },
      ),
    exit: once(child, 'exit').then(([code]: unknown[]) => code),
  }
}

test('L4: Ctrl-C once cancels with a checkpoint; twice ends at once, and leaves nothing running', async () => {
  await using here = await temporaryFolder()
  const cowmask = await launch({ stateDir: here.path })
  const run = await cowmask.experiments.start({ ...quick, steps: 100_000, checkpointEvery: 100_000 })
  for await (const event of run.events()) if (event.type === 'metrics') break
  await run.cancel()
  const { step } = await run.finished()
  await cowmask.close()

  const once = onTerminal('runs', 'resume', run.id, '--state-dir', here.path)
  await once.says('steps/s')
  once.press(CTRL_C)
  await once.says('cancelled at step')
  expect(await once.exit).toBe(0)

  const twice = onTerminal('runs', 'resume', run.id, '--state-dir', here.path)
  await twice.says('steps/s')
  const family = descendants(twice.child.pid ?? 0).map(({ pid }) => pid)
  expect(family.length).toBeGreaterThan(2)
  twice.press(CTRL_C)
  await twice.says('press Ctrl-C again')
  twice.press(CTRL_C)
  expect(await twice.exit).not.toBe(0)
  const left = () => processes().filter(({ pid }) => family.includes(pid))
  await vi.waitFor(
    () => {
      expect(left()).toEqual([])
    },
    { timeout: 50_000, interval: 50 },
  )

  await using after = await launch({ stateDir: here.path })
  const checkpoints = await after.models.checkpoints(run.id)
  expect(checkpoints.at(-1)?.step).toBeGreaterThan(step)
})
