import { cp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type RunEvent, connect } from 'cowmask'

import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { real, saving, token } from './workers.js'

const WAYS = ['a flipped bit', 'cut short', 'deleted'] as const

/** F5: every file of a checkpoint is damaged in turn; it is refused by its name, and resuming takes the one before. */
export async function damage(context: Context): Promise<Outcome> {
  const { random, folder, quick, log } = context
  const tally = new Tally(context)
  const whole = join(folder, 'whole')
  const first = await real(whole)
  const client = await connect({ address: first.address, token })
  const unbroken = await (await client.experiments.start({ ...saving, steps: 60 })).result()
  const run = await client.experiments.start({ ...saving, steps: 60 })
  for await (const event of run.events()) if (event.type === 'checkpoint' && event.step >= 30) await run.cancel()
  const steps = (await client.models.checkpoints(run.id)).map(({ step }) => step)
  await client.close()
  await first.stop()
  const newest = steps.at(-1) ?? 0
  const before = steps.at(-2) ?? 0
  const checkpoint = join('state', 'runs', run.id, 'checkpoints', String(newest).padStart(10, '0'))
  const files = await readdir(join(whole, checkpoint))

  for (const file of quick ? files.slice(0, 1) : files)
    for (const way of WAYS)
      await tally.attempt(`${file} ${way}`, async () => {
        const copy = join(folder, 'copy')
        await cp(whole, copy, { recursive: true })
        await spoil(join(copy, checkpoint, file), way, random.next())
        const worker = await real(copy)
        try {
          await using there = await connect({ address: worker.address, token })
          await refused(there.models.export({ run: run.id, step: newest }))
          const again = await there.experiments.get(run.id)
          await again.resume()
          const seen: RunEvent[] = []
          for await (const event of again.events()) if (event.attempt === 2) seen.push(event)
          const told = seen.find((event) => event.type === 'warning')
          if (!told?.message.includes(file)) throw new Error(`no event names ${file}`)
          const began = seen.find((event) => event.type === 'metrics')?.step
          if (began !== before) throw new Error(`it went on at ${String(began)}, not at ${String(before)}`)
          if ((await again.result()).checkpoint.digest !== unbroken.checkpoint.digest) throw new Error('another state')
        } finally {
          await worker.stop()
          await rm(copy, { recursive: true })
        }
        log(`${file} ${way}: refused`)
      })
  return tally.outcome(`${String(files.length)} files a checkpoint`)
}

async function spoil(file: string, way: (typeof WAYS)[number], where: number): Promise<void> {
  if (way === 'deleted') return rm(file)
  const bytes = await readFile(file)
  const place = Math.floor(where * bytes.length)
  if (way === 'cut short') return truncate(file, place)
  bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << (place % 8)), place)
  return writeFile(file, bytes)
}

async function refused(loading: Promise<unknown>): Promise<void> {
  const error: unknown = await loading.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  const code = (error as { code?: string } | undefined)?.code
  if (code !== 'CHECKPOINT_DAMAGED') throw new Error(`it was answered with ${code ?? 'a model'}`)
}
