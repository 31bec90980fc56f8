import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type CowMask, type RunEvent, connect } from 'cowmask'

import { descendants } from '../sdk/processes.js'
import type { Served } from '../sdk/served.js'
import type { Context, Outcome } from './part.js'
import { Tally } from './part.js'
import { real, saving, token, until } from './workers.js'

// With the longest time in milliseconds from the sign of the moment to the kill.
const MOMENTS = { compile: 1500, step: 400, save: 10, flush: 20 }
type Moment = keyof typeof MOMENTS
const KILLS_A_RUN = 5

/** F1, F2: whoever trains or controls is killed at a random moment; each run ends as the one that nobody disturbed. */
export async function kills(context: Context): Promise<Outcome> {
  const { random, folder, quick, log } = context
  const tally = new Tally(context)
  const state = { worker: await real(folder), client: undefined as unknown as CowMask }
  const reconnect = async () => {
    state.client = await connect({ address: state.worker.address, token })
  }
  await reconnect()
  const unbroken = await (await state.client.experiments.start(saving)).result()
  const wanted = quick ? 4 : 25
  let noticedMs = 0
  for (let done = 0; done < wanted;) {
    let run = await state.client.experiments.start(saving)
    let seen = 0
    for (const last = Math.min(wanted, done + KILLS_A_RUN); done < last; done += 1) {
      const moment = (Object.keys(MOMENTS) as Moment[])[done % 4] ?? 'step'
      const victim = random.next() < 0.5 ? 'trainer' : 'control'
      const delayMs = random.between(0, MOMENTS[moment])
      await tally.attempt(`kill ${String(done + 1)} of ${victim} in ${moment}`, async () => {
        const left = new AbortController()
        const events = run.events({ fromSeq: seen + 1, signal: left.signal })
        await moved(events, moment, join(folder, 'state'), run.id)
        left.abort()
        await sleep(delayMs)
        const killed = performance.now()
        if (victim === 'control') {
          await state.client.close()
          await state.worker.kill()
          state.worker = await real(folder)
          await reconnect()
          run = await state.client.experiments.get(run.id)
        } else {
          const trainer = trainerOf(state.worker)
          if (trainer !== undefined) process.kill(trainer, 'SIGKILL')
        }
        const { state: how } = await run.finished()
        if (victim === 'trainer') noticedMs = Math.max(noticedMs, performance.now() - killed)
        if (how === 'succeeded') return // it was over before the kill
        if (how !== 'interrupted') throw new Error(`the run is ${how}`)
        await until(() => trainerOf(state.worker) === undefined, 'the end of the trainer')
        const { seq } = await lastOf(run.events())
        seen = seq
        await run.resume()
      })
      log(`${String(done + 1)} of ${String(wanted)}: ${victim} in ${moment}, lost ${String(tally.losses.length)}`)
    }
    await tally.attempt('the end of a run that was killed', async () => {
      const { checkpoint } = await run.result()
      if (checkpoint.digest !== unbroken.checkpoint.digest) throw new Error(`${checkpoint.digest} is another state`)
      let next = 1
      for await (const { seq } of run.events()) {
        if (seq !== next && seq !== next - 1) throw new Error(`event ${String(seq)} came after ${String(next - 1)}`)
        next = seq + 1
      }
    })
  }
  await state.client.close()
  await state.worker.stop()
  return tally.outcome(`noticed in ${noticedMs.toFixed(0)} ms at most`)
}

function trainerOf(worker: Served): number | undefined {
  return descendants(worker.pid).find(({ command }) => command.includes(' task'))?.pid
}

/** Waits until the run is in the moment, or over. */
async function moved(events: AsyncIterable<RunEvent>, moment: Moment, state: string, run: string): Promise<void> {
  if (moment === 'save') {
    const checkpoints = join(state, 'runs', run, 'checkpoints')
    await mkdir(checkpoints, { recursive: true, mode: 0o700 })
    const watcher = watch(checkpoints)
    // The folder of a checkpoint that is being written appears.
    const begun = once(watcher, 'change')
    const over = (async () => {
      for await (const event of events) if (event.type === 'finished') return
    })()
    over.catch(() => undefined)
    await Promise.race([begun, over])
    watcher.close()
    return
  }
  for await (const event of events) {
    if (event.type === 'finished') return
    if (moment === 'compile' && event.type === 'progress' && event.phase === 'compile') return
    if (moment === 'step' && event.type === 'metrics') return
    // What is told has just been written: the registry is at work on what came with it.
    if (moment === 'flush' && event.type === 'checkpoint') return
  }
}

async function lastOf(events: AsyncIterable<RunEvent>): Promise<RunEvent> {
  let last: RunEvent | undefined
  for await (const event of events) last = event
  if (!last) throw new Error('the run has no events')
  return last
}
