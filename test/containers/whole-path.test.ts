import { fileURLToPath } from 'node:url'

import { type RunEvent, version } from 'cowmask'
import { Network } from 'testcontainers'
import { expect, test } from 'vitest'

import { quick } from '../sdk/worker.js'
import { describeImages, docker, images, inspect } from './docker.js'
import { makeSecrets } from './secrets.js'
import { startWorker } from './worker-container.js'

const scripts = fileURLToPath(new URL('./scripts', import.meta.url))

describeImages('a worker in a container', () => {
  test('draws, trains and predicts for an SDK outside and for a script in another container, over TLS', async () => {
    await using secrets = await makeSecrets()
    await using network = await new Network().start()
    await using worker = await startWorker({ secrets, network })
    await using cowmask = await worker.connect()

    expect(await cowmask.system.info()).toMatchObject({ workerVersion: version, protocol: 1 })
    expect((await cowmask.masks.cow({ count: 2, height: 16, width: 16 })).count).toBe(2)
    const run = await cowmask.experiments.start({ ...quick, steps: 20 })
    const { step, checkpoint } = await run.result()
    expect(step).toBe(20)
    const two = { data: new Uint8Array(2 * 8 * 8), shape: [2, 8, 8, 1] } as const
    expect((await cowmask.models.predict({ run: run.id, images: two })).labels).toHaveLength(2)

    const flags = ['--network', network.getName(), '--volume', `${secrets.folder}:/run/secrets:ro`]
    const mounted = [...flags, '--volume', `${scripts}:/app/scripts:ro`, '--read-only', '--tmpfs', '/tmp']
    const config = JSON.stringify({ ...quick, steps: 20 })
    const printed = await docker('run', '--rm', ...mounted, images.scripts, 'npx', 'tsx', 'watch.ts', config)
    const events = printed.split('\n').map((line) => JSON.parse(line) as RunEvent)
    const last = events.at(-1)
    // The same run to the same bits.
    expect(last?.type === 'finished' && last.checkpoint?.digest).toBe(checkpoint.digest)
    await expect
      .poll(() => inspect(worker.id, '.State.Health.Status'), { timeout: 60_000, interval: 500 })
      .toBe('healthy')
  })
})
