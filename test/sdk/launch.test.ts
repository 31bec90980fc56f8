import { existsSync, readdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { launch } from 'cowmask'
import { describe, expect, test, vi } from 'vitest'

import { descendants, processes } from './processes.js'
import { launchWorker, temporaryFolder } from './worker.js'

// Seconds of work in small pieces, so that a worker sees soon that nobody wants it any more.
const long = { count: 60_000, height: 64, width: 64 }
const request = { count: 2, height: 16, width: 16 }
const runs = (pid: number) => processes().some((process) => process.pid === pid)

/** A script that says what it did, one line each, and is killed or ends by itself. */
function script(name: string, ...args: string[]) {
  const file = fileURLToPath(new URL(`./scripts/${name}`, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = async () => String(((await once(child.stdout, 'data')) as [Buffer])[0]).trim()
  return { child, line, exit: once(child, 'exit') }
}

describe('a launched worker', () => {
  test('answers without jax, within a second where the machine is idle', async () => {
    await using worker = await launchWorker()
    const info = await worker.cowmask.system.info()
    expect(info).toMatchObject({
      protocol: 1,
      limits: { messageBytes: 16 << 20, chunkBytes: 1 << 20, tensorElements: 268_435_456 },
    })
    expect(descendants(info.pid)).toEqual([])
    await worker.cowmask.close()
    await worker.cowmask.close()
    expect(runs(info.pid)).toBe(false)
    await expect(worker.cowmask.system.info()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  })

  test('works beside another one', async () => {
    await using here = await temporaryFolder()
    // Both on one state folder: it is only taken by the first call about experiments.
    const [first, second] = await Promise.all([launch({ stateDir: here.path }), launch({ stateDir: here.path })])
    try {
      const [one, two] = await Promise.all([first.masks.cow(request), second.masks.cow(request)])
      expect(one.data).toEqual(two.data)
      expect(await first.experiments.list().next()).toEqual({ done: true, value: undefined })
      const holder = await first.system.info()
      await expect(second.experiments.list().next()).rejects.toMatchObject({
        code: 'STATE_IN_USE',
        message: expect.stringContaining(String(holder.pid)) as string,
      })
    } finally {
      await Promise.all([first.close(), second.close()])
    }
  })

  test('that is killed fails calls in flight and later ones with its end, at once', async () => {
    await using worker = await launchWorker()
    const { pid } = await worker.cowmask.system.info()
    const drawing = worker.cowmask.masks.cow(long)
    const failure = drawing.then(
      () => undefined,
      (error: unknown) => ({ error, at: performance.now() }),
    )
    await sleep(300)
    const killed = performance.now()
    process.kill(pid, 'SIGKILL')
    const seen = await failure
    expect(seen?.error).toMatchObject({ name: 'WorkerCrashedError', code: 'WORKER_CRASHED', signal: 'SIGKILL' })
    expect((seen?.at ?? Infinity) - killed).toBeLessThan(1000)
    await expect(worker.cowmask.system.info()).rejects.toMatchObject({ name: 'WorkerCrashedError' })
  })

  test('W4: ends a call whose time is up', async () => {
    await using worker = await launchWorker()
    const call = worker.cowmask.masks.cow(long, { timeoutMs: 200 })
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' })
    expect((await worker.cowmask.system.info()).protocol).toBe(1)
  })

  test('ends a call that is aborted, and goes on', async () => {
    await using worker = await launchWorker()
    const abort = new AbortController()
    const call = worker.cowmask.masks.cow(long, { signal: abort.signal })
    setTimeout(() => {
      abort.abort(new Error('enough'))
    }, 300)
    await expect(call).rejects.toMatchObject({ name: 'CancelledError', cause: { message: 'enough' } })
    expect((await worker.cowmask.masks.cow(request)).count).toBe(2)
  })
})

describe('L3: no orphans', () => {
  test('a killed client leaves no process and no socket behind, within 5 s', async () => {
    await using here = await temporaryFolder()
    const { child, line } = script('train.mts', here.path)
    const { pid, folder } = JSON.parse(await line()) as { pid: number; folder: string }
    const family = [pid, ...descendants(pid).map((process) => process.pid)]
    expect(family.length).toBeGreaterThan(1)
    child.kill('SIGKILL')
    await vi.waitFor(
      () => {
        expect(family.filter(runs)).toEqual([])
      },
      { timeout: 50_000, interval: 50 },
    )
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
  })

  test('a script that never closes its client ends by itself, and the worker with it', async () => {
    await using here = await temporaryFolder()
    const { line, exit } = script('forget.mts', here.path)
    const pid = Number(await line())
    expect(await exit).toEqual([0, null])
    await vi.waitFor(
      () => {
        expect(runs(pid)).toBe(false)
      },
      { timeout: 50_000, interval: 50 },
    )
  })
})
