import type { CowMask, RunEvent } from 'cowmask'
import { CancelledError, ConfigError, RunError } from 'cowmask'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { descendants } from './processes.js'
import { launchWorker, quick } from './worker.js'

let worker: Awaited<ReturnType<typeof launchWorker>>
let cowmask: CowMask
beforeAll(async () => {
  worker = await launchWorker()
  cowmask = worker.cowmask
})
afterAll(() => worker[Symbol.asyncDispose]())

async function all(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const seen: RunEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

const stepsOf = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'metrics' ? [event.step] : []))

describe('an experiment', () => {
  test('runs from a config to predictions, and every event is seen once', async () => {
    const config = { ...quick, mix: { kind: 'cowmix', weight: 30 }, steps: 20 } as const
    const run = await cowmask.experiments.start(config, { idempotencyKey: 'the first' })
    expect(run.config).toMatchObject({ steps: 20, mix: { kind: 'cowmix', sigma: [1, 4], proportion: [0.2, 0.8] } })

    // A loop that is left early ends nothing.
    for await (const event of run.events()) if (event.type === 'state') break
    const events = await all(run.events())
    expect(stepsOf(events)).toEqual(Array.from({ length: 20 }, (_, step) => step))
    expect([...new Set(events.map(({ seq }) => seq))]).toEqual(
      Array.from({ length: events.at(-1)?.seq ?? 0 }, (_, index) => index + 1),
    )
    const last = events.at(-1)
    expect(last).toMatchObject({ type: 'finished', state: 'succeeded', step: 20, attempt: 1 })
    for (const event of events) if (event.type === 'metrics') expect(Number.isFinite(event.loss)).toBe(true)

    const result = await run.result()
    expect(result).toMatchObject({ state: 'succeeded', step: 20 })
    const scored = await cowmask.models.evaluate({ run: run.id, weights: 'teacher' })
    expect(scored).toMatchObject({ count: 360, step: 20, error: result.teacher.error })
    expect(scored.top5Error).toBe(result.teacher.top5Error)
    expect(scored.top5Error).toBeGreaterThan(0)
    expect(scored.top5Error).toBeLessThan(scored.error)

    const again = await cowmask.experiments.get(run.id)
    expect(again.state).toBe('succeeded')
    const half = Math.floor((last?.seq ?? 0) / 2)
    expect(await all(again.events({ fromSeq: half }))).toEqual(events.filter(({ seq }) => seq >= half))
    expect(await all(again.events({ fromSeq: 10_000 }))).toEqual([])

    const same = await cowmask.experiments.start(config, { idempotencyKey: 'the first' })
    expect(same.id).toBe(run.id)
    const other = cowmask.experiments.start({ ...config, steps: 21 }, { idempotencyKey: 'the first' })
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })

    const images = {
      data: Uint8Array.from({ length: 3 * 64 }, (_, index) => (index * 37) % 256),
      shape: [3, 8, 8, 1],
    } as const
    const { labels, probabilities, classes } = await cowmask.models.predict({ run: run.id, weights: 'student', images })
    expect(classes).toBe(10)
    labels.forEach((label, image) => {
      const row = probabilities.subarray(image * classes, (image + 1) * classes)
      expect(row.indexOf(Math.max(...row))).toBe(label)
      expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
    })
    const { tensors, metadata } = await cowmask.models.export({ run: run.id })
    expect(metadata).toMatchObject({ run: run.id, weights: 'teacher', dataset: 'digits', image: '[8,8,1]' })
    expect(JSON.parse(metadata.classes ?? '')).toEqual(run.dataset.classes)
    expect(JSON.parse(metadata.mean ?? '')).toEqual([0.3045])
    expect(JSON.parse(metadata.model ?? '')).toEqual(run.config.model)
    expect(
      [...tensors.values()].every(
        ({ data, shape }) => data.length === shape.reduce((size, length) => size * length, 1),
      ),
    ).toBe(true)
    expect((await cowmask.models.checkpoints(run.id)).at(-1)).toEqual(result.checkpoint)

    await cowmask.experiments.delete(run.id)
    await expect(cowmask.experiments.get(run.id)).rejects.toMatchObject({ name: 'RemoteError', code: 'RUN_NOT_FOUND' })
  })

  test('F1, F13: can be cancelled, resumed, left alone, and tells that its trainer was killed', async () => {
    const { pid } = await cowmask.system.info()
    const before = new Set(descendants(pid).map((process) => process.pid))
    const run = await cowmask.experiments.start({ ...quick, steps: 100_000, checkpointEvery: 10 })
    const late = run.result({ timeoutMs: 300 })
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(run.resume()).rejects.toMatchObject({ code: 'RUN_NOT_RESUMABLE' })
    await expect(cowmask.experiments.delete(run.id)).rejects.toMatchObject({ code: 'RUN_NOT_ENDED' })
    for await (const event of run.events()) if (event.type === 'checkpoint') break

    const waiting = run.result()
    const refused = expect(waiting).rejects.toMatchObject({
      name: 'RunError',
      code: 'CANCELLED_BY_USER',
      state: 'cancelled',
    })
    await run.cancel()
    const cancelled = await run.finished()
    expect(cancelled.state).toBe('cancelled')
    await refused
    expect(cancelled.checkpoint?.step).toBe(cancelled.step)

    await run.resume()
    expect(run.attempt).toBe(2)
    const leaving = await cowmask.experiments.get(run.id)
    const left = leaving.result()
    leaving.detach()
    await expect(left).rejects.toBeInstanceOf(CancelledError)

    const seen: RunEvent[] = []
    let killed = false
    for await (const event of run.events()) {
      seen.push(event)
      if (!killed && event.attempt === 2 && event.type === 'metrics') {
        killed = true
        const trainers = descendants(pid).filter((process) => !before.has(process.pid))
        expect(trainers).toHaveLength(1)
        for (const trainer of trainers) process.kill(trainer.pid, 'SIGKILL')
      }
    }
    // The loop went on past the end of the first attempt, to that of the second.
    expect(seen.filter(({ type }) => type === 'finished')).toMatchObject([
      { attempt: 1, state: 'cancelled' },
      { attempt: 2, state: 'interrupted', cause: { code: 'TRAINER_KILLED', signal: 'SIGKILL' } },
    ])
    const second = stepsOf(seen.filter(({ attempt }) => attempt === 2))
    expect(second[0]).toBe(cancelled.step)
    const error = await run.result().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RunError)
    expect(error).toMatchObject({ code: 'TRAINER_KILLED', state: 'interrupted', signal: 'SIGKILL', runId: run.id })
    expect((await cowmask.system.info()).pid).toBe(pid)
  })
})

describe('a wrong option', () => {
  test('is computed by all devices, a part of every batch by each', async () => {
    // What jax takes a processor for; a machine with accelerators has several devices of itself.
    vi.stubEnv('XLA_FLAGS', '--xla_force_host_platform_device_count=4')
    await using several = await launchWorker()
    vi.unstubAllEnvs()
    expect(await several.cowmask.system.devices()).toHaveLength(4)
    const config = { ...quick, mix: { kind: 'cowmix' }, steps: 6 } as const
    const trained = async (client: CowMask) => {
      const run = await client.experiments.start(config)
      const seen = await all(run.events())
      const losses = seen.flatMap((event) => (event.type === 'metrics' ? [event.loss] : []))
      const [devices] = seen.flatMap((event) => (event.type === 'progress' ? (event.devices ?? []) : []))
      return { devices, losses, error: (await run.result()).teacher.error }
    }
    const [four, one] = [await trained(several.cowmask), await trained(cowmask)]
    expect([four.devices, one.devices]).toEqual([4, 1])
    four.losses.forEach((loss, step) => {
      expect(loss / (one.losses[step] ?? NaN)).toBeCloseTo(1, 3)
    })
    expect(four.error).toBeCloseTo(one.error, 2)
  })

  test('is refused before anything is sent, with its path and the nearest name', async () => {
    const started = cowmask.experiments.start({ ...quick, mix: { kind: 'cowmix', sgma: [1, 2] } } as never)
    await expect(started).rejects.toMatchObject({ violations: [{ path: 'mix.sgma', nearest: 'sigma' }] })
  })

  test('that only the worker can know is refused in the same way', async () => {
    const started = cowmask.experiments.start({ ...quick, dataset: { name: 'digits', labeled: 5 }, steps: 5 })
    await expect(started).rejects.toBeInstanceOf(ConfigError)
    await expect(started).rejects.toMatchObject({ violations: [{ path: 'dataset.labeled' }] })
  })

  test.each([
    ['data', { data: [1, 2], shape: [1, 1, 2, 1] }, 'images.data'],
    ['shape', { data: new Uint8Array(4), shape: [4] }, 'images.shape'],
    ['size', { data: new Uint8Array(5), shape: [1, 2, 2, 1] }, 'images.data'],
    ['extent', { data: new Uint8Array(1), shape: [4096, 4096, 4096, 1] }, 'images.shape'],
  ])('of images, in their %s, is refused', async (_, images, path) => {
    const mixed = cowmask.masks.mix({ kind: 'cowmix', images: images as never })
    await expect(mixed).rejects.toMatchObject({ violations: [{ path }] })
  })
})

describe('masks', () => {
  test('of a longer draw begin with those of a shorter one', async () => {
    const options = { height: 24, width: 20, sigma: [2, 6], seed: 3 } as const
    const [few, many] = [
      await cowmask.masks.cow({ count: 2, ...options }),
      await cowmask.masks.cow({ count: 5, ...options }),
    ]
    expect(many.data.subarray(0, few.data.length)).toEqual(few.data)
    expect([few.count, few.height, few.width]).toEqual([2, 24, 20])
    expect(few.mask(1)).toHaveLength(480)
    expect(() => few.mask(2)).toThrow(ConfigError)
    for (const value of many.data) expect(value === 0 || value === 1).toBe(true)
  })

  test('of boxes are zero inside the box that is told', async () => {
    const masks = await cowmask.masks.box({ count: 6, height: 16, width: 16, area: 'fixed', scale: 0.25, seed: 1 })
    masks.share.forEach((share, index) => {
      const [top = 0, left = 0, bottom = 0, right = 0] = masks.boxes.subarray(index * 4, index * 4 + 4)
      expect(1 - share).toBeCloseTo(((bottom - top) * (right - left)) / 256, 1)
    })
  })

  test('choose pixels of images exactly', async () => {
    const images = { data: Uint8Array.from({ length: 3 * 8 * 8 }, (_, index) => index), shape: [3, 8, 8, 1] } as const
    const mixed = await cowmask.masks.mix({ kind: 'cowmix', sigma: [1, 4], seed: 5, images })
    const masks = mixed.masks?.data ?? new Uint8Array()
    const expected = images.data.map((own, index) => (masks[index] ? (images.data[(index + 64) % 192] ?? 0) : own))
    expect(mixed.images.data).toEqual(expected)
    const erased = await cowmask.masks.erase({ kind: 'cowout', sigma: [1, 4], seed: 5, images })
    erased.masks.data.forEach((kept, index) => {
      if (kept) expect(erased.images.data[index]).toBe(images.data[index])
    })
  })
})
