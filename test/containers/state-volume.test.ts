import { spawn } from 'node:child_process'
import { once } from 'node:events'

import type { CowMask, Experiment } from 'cowmask'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { quick } from '../sdk/worker.js'
import { describeImages, docker, images, volume } from './docker.js'
import { makeSecrets } from './secrets.js'
import { startWorker } from './worker-container.js'

const next = 'cowmask-worker:next-version'
// The image with one more migration of the registry, as a later version would bring it.
const NEXT = `FROM ${images.worker}
USER 0:0
RUN sed --in-place '/^_MIGRATIONS = (/,/^)/ s/^)/    "ALTER TABLE runs ADD COLUMN note TEXT;",\\n)/' \
    /opt/cowmask/worker/cowmask_worker/runs/registry.py
USER 10001:10001
`

async function runsOf(cowmask: CowMask): Promise<Experiment[]> {
  const runs: Experiment[] = []
  for await (const run of cowmask.experiments.list()) runs.push(run)
  return runs
}

describeImages('a state volume', () => {
  beforeAll(async () => {
    const build = spawn('docker', ['build', '--tag', next, '-'], { stdio: ['pipe', 'ignore', 'ignore'] })
    build.stdin.end(NEXT)
    expect(await once(build, 'exit')).toEqual([0, null])
  })

  afterAll(async () => {
    await docker('rmi', '--force', next)
  })

  test('L2, F2: of an older image is migrated by a newer one, and then refused by the older, with both versions', async () => {
    await using secrets = await makeSecrets()
    await using state = volume()
    const runs = async (image: string) => {
      await using worker = await startWorker({ secrets, state: state.name, image })
      await using cowmask = await worker.connect()
      return await runsOf(cowmask)
    }
    let id: string
    {
      await using worker = await startWorker({ secrets, state: state.name })
      await using cowmask = await worker.connect()
      const run = await cowmask.experiments.start({ ...quick, steps: 5 })
      await run.result()
      id = run.id
    }
    expect(await runs(next)).toMatchObject([{ id, state: 'succeeded', step: 5 }])
    await expect(runs(images.worker)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringMatching(/has version (\d+); this worker knows versions up to (?!\1)\d+/) as string,
    })
    expect(await runs(next)).toMatchObject([{ id, state: 'succeeded' }])
  })

  test('F2: is refused to a second worker while the first holds it', async () => {
    await using secrets = await makeSecrets()
    await using state = volume()
    await using first = await startWorker({ secrets, state: state.name })
    await using holder = await first.connect()
    expect(await runsOf(holder)).toEqual([])
    {
      await using second = await startWorker({ secrets, state: state.name })
      await using refused = await second.connect()
      await expect(runsOf(refused)).rejects.toMatchObject({ code: 'STATE_IN_USE' })
    }
    await docker('stop', first.id)
    await using third = await startWorker({ secrets, state: state.name })
    await using heir = await third.connect()
    expect(await runsOf(heir)).toEqual([])
  })
})
