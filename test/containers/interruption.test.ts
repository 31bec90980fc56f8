import type { Experiment, RunEvent } from 'cowmask'
import { expect, test } from 'vitest'

import { quick } from '../sdk/worker.js'
import { describeImages, docker, inspect, volume } from './docker.js'
import { makeSecrets } from './secrets.js'
import { startWorker } from './worker-container.js'

const experiment = { ...quick, steps: 120, checkpointEvery: 20 }

/** Watches until the first checkpoint; the events until then. */
async function untilCheckpoint(run: Experiment): Promise<RunEvent[]> {
  const seen: RunEvent[] = []
  for await (const event of run.events()) {
    seen.push(event)
    if (event.type === 'checkpoint') return seen
  }
  throw new Error('the run ended without a checkpoint')
}

describeImages('a run whose container ends', () => {
  test('F1, F2, F3: killed in training is interrupted, resumes bit-exactly, and tells every event once', async () => {
    await using secrets = await makeSecrets()
    await using state = volume()
    let digest: string
    let id: string
    let before: RunEvent[]
    {
      await using worker = await startWorker({ secrets, state: state.name })
      await using cowmask = await worker.connect()
      const undisturbed = await (await cowmask.experiments.start(experiment)).result()
      digest = undisturbed.checkpoint.digest
      const run = await cowmask.experiments.start(experiment)
      id = run.id
      before = await untilCheckpoint(run)
      await docker('kill', worker.id)
    }
    await using worker = await startWorker({ secrets, state: state.name })
    await using cowmask = await worker.connect()
    const run = await cowmask.experiments.get(id)
    expect(run.state).toBe('interrupted')
    const { cause } = await run.finished()
    expect(cause).toMatchObject({ code: 'TRAINER_KILLED', message: expect.stringContaining('died') as string })
    await run.resume()
    expect((await run.result()).checkpoint.digest).toBe(digest)

    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    const numbers = [...new Set(events.map(({ seq }) => seq))]
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    // What was seen before the kill stands in the log as it was seen.
    expect(events.slice(0, before.length)).toEqual(before)
    for (const attempt of [1, 2]) {
      const steps = events.flatMap((event) =>
        event.type === 'metrics' && event.attempt === attempt ? [event.step] : [],
      )
      expect(steps).toEqual(steps.map((_, index) => (steps[0] ?? 0) + index))
    }
  })

  test('L4, W7: stopped drains within the grace: a checkpoint is written, streams end with a reason, exit 0', async () => {
    await using secrets = await makeSecrets()
    await using state = volume()
    await using worker = await startWorker({ secrets, state: state.name })
    const cowmask = await worker.connect()
    const run = await cowmask.experiments.start({ ...experiment, steps: 100_000, checkpointEvery: 100_000 })
    for await (const event of run.events()) if (event.type === 'metrics') break
    const ended = run.finished({ timeoutMs: 60_000 }).catch((error: unknown) => error)
    const started = performance.now()
    await docker('stop', '--time', '10', worker.id)
    const tookMs = performance.now() - started
    // Past the grace the engine kills, with 137.
    expect(await inspect(worker.id, '.State.ExitCode')).toBe(0)
    expect(tookMs).toBeLessThan(10_000)
    expect(await ended).toMatchObject({ state: 'cancelled', cause: { code: expect.any(String) as string } })
    await cowmask.close()

    await using after = await startWorker({ secrets, state: state.name })
    await using again = await after.connect()
    const checkpoint = (await again.models.checkpoints(run.id)).at(-1)
    expect(checkpoint?.step).toBeGreaterThan(0)
    expect(await again.experiments.get(run.id)).toMatchObject({ state: 'cancelled' })
  })

  test('F8: out of memory under the limit of the container is told, and control lives', async () => {
    await using secrets = await makeSecrets()
    await using worker = await startWorker({ secrets, memoryGb: 0.4 })
    await using cowmask = await worker.connect()
    const hungry = { ...quick, steps: 20, batchSize: 1400 }
    const run = await cowmask.experiments.start(hungry)
    const { state, cause } = await run.finished()
    expect(state).toBe('interrupted')
    expect(cause).toMatchObject({ code: 'TRAINER_KILLED', signal: 'SIGKILL' })
    expect(cause?.message).toContain('likely because the machine ran out of memory')
    expect((await cowmask.system.info()).protocol).toBe(1)
    expect(await inspect(worker.id, '.State')).toMatchObject({ Running: true })
    expect(await inspect(worker.id, '.RestartCount')).toBe(0)
  })
})
