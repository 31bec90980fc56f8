import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { RunEvent } from 'cowmask'
import { Network } from 'testcontainers'
import { expect, test } from 'vitest'

import { quick } from '../sdk/worker.js'
import { describeImages, docker, images } from './docker.js'
import { makeSecrets } from './secrets.js'
import { startWorker } from './worker-container.js'

const CUT_MS = 5000

type WatchedEvent = RunEvent & { readonly run: string }

const scripts = fileURLToPath(new URL('./scripts', import.meta.url))

describeImages('a network between worker and script', () => {
  test('F3: that is cut and healed stops no training, and leaves no hole in what is watched', async () => {
    await using secrets = await makeSecrets()
    await using network = await new Network().start()
    await using worker = await startWorker({ secrets, network })
    const flags = ['--network', network.getName(), '--volume', `${secrets.folder}:/run/secrets:ro`]
    const mounted = [...flags, '--volume', `${scripts}:/app/scripts:ro`]
    const config = JSON.stringify({ ...quick, steps: 100_000, checkpointEvery: 100_000 })
    const command = [images.scripts, 'npx', 'tsx', 'watch.ts', config]
    const script = spawn('docker', ['run', '--rm', ...mounted, ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
    const events: WatchedEvent[] = []
    let cutting: Promise<void> | undefined
    let from = Infinity
    let to = Infinity
    let cancelling: Promise<void> | undefined
    for await (const line of createInterface(script.stdout)) {
      const event = JSON.parse(line) as WatchedEvent
      events.push(event)
      if (event.type !== 'metrics') continue
      cutting ??= cut()
      if (Date.parse(event.time) > to) cancelling ??= cancel(event.run)
    }
    await Promise.all([cutting, cancelling])

    async function cut() {
      await docker('network', 'disconnect', network.getName(), worker.id)
      from = Date.now()
      await setTimeout(CUT_MS)
      to = Date.now()
      await docker('network', 'connect', '--alias', 'worker', network.getName(), worker.id)
    }
    async function cancel(id: string) {
      // The way from this machine was of the network that was cut; the engine has made another.
      const port = (await docker('port', worker.id, '50051')).split('\n')[0]?.split(':').at(-1) ?? ''
      await using cowmask = await worker.connect({ address: `localhost:${port}` })
      await (await cowmask.experiments.get(id)).cancel()
    }

    const metrics = events.filter(({ type }) => type === 'metrics')
    expect(metrics.filter(({ time }) => Date.parse(time) > from && Date.parse(time) < to)).not.toEqual([])
    expect(events.at(-1)).toMatchObject({ type: 'finished', state: 'cancelled' })
    const numbers = [...new Set(events.map(({ seq }) => seq))]
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    const steps = events.flatMap((event) => (event.type === 'metrics' ? [event.step] : []))
    expect(steps).toEqual(steps.map((_, index) => (steps[0] ?? 0) + index))
  })
})
