import type { Experiment } from '../experiment.js'
import type { RunEvent } from '../events.js'
import { printJson } from './failure.js'
import { type WorkerFlags, openWorker } from './worker.js'

type Flags = WorkerFlags & { readonly json?: boolean }

const facts = (run: Experiment) => {
  const { id, state, attempt, step, createdAt, config, split } = run
  return { id, state, attempt, step, createdAt, config, split }
}

const line = ({ id, state, attempt, step, createdAt, config }: Experiment): string =>
  `${id}  ${state.padEnd(12)}  step ${String(step)}/${String(config.steps)}  attempt ${String(attempt)}  ${createdAt}`

/** Prints every run, newest first. */
export async function listRuns({ json, ...flags }: Flags): Promise<void> {
  await using cowmask = await openWorker(flags)
  const runs: Experiment[] = []
  for await (const run of cowmask.experiments.list()) runs.push(run)
  if (json) printJson(runs.map(facts))
  else console.log(runs.length > 0 ? runs.map(line).join('\n') : 'There are no runs in this state folder.')
}

/** Prints one run: where it stands, its config, its checkpoints. */
export async function showRun(id: string, { json, ...flags }: Flags): Promise<void> {
  await using cowmask = await openWorker(flags)
  const run = await cowmask.experiments.get(id)
  const checkpoints = await cowmask.models.checkpoints(id)
  if (json) {
    printJson({ ...facts(run), checkpoints })
    return
  }
  console.log(line(run))
  console.log(JSON.stringify(run.config, null, 2))
  if (run.split !== undefined) console.log(`split ${run.split}`)
  for (const { step, digest } of checkpoints) console.log(`checkpoint at step ${String(step)}: ${digest}`)
}

/** Cancels a run and waits until it has written its checkpoint. */
export async function cancelRun(id: string, { json, ...flags }: Flags): Promise<void> {
  await using cowmask = await openWorker(flags)
  const run = await cowmask.experiments.get(id)
  await run.cancel()
  const finished = await run.finished()
  if (json) printJson(finished)
  else console.log(`${id}  ${finished.state} at step ${String(finished.step)}`)
}

/** Goes on with a run and follows it to its end. Ctrl-C once cancels the run, with a checkpoint; twice, ends at once. */
export async function resumeRun(id: string, { json, ...flags }: Flags): Promise<void> {
  await using cowmask = await openWorker(flags)
  const run = await cowmask.experiments.get(id)
  const stop = () => {
    console.error('cancelling; press Ctrl-C again to end at once')
    void run.cancel().catch(() => undefined)
  }
  process.once('SIGINT', stop)
  try {
    await run.resume()
    for await (const event of run.events())
      if (event.attempt === run.attempt) console.log(json ? JSON.stringify(event) : eventLine(event))
  } finally {
    process.off('SIGINT', stop)
  }
}

/** Removes an ended run with its events and checkpoints. */
export async function deleteRun(id: string, { json, ...flags }: Flags): Promise<void> {
  await using cowmask = await openWorker(flags)
  await cowmask.experiments.delete(id)
  if (json) printJson({ deleted: id })
  else console.log(`${id}  deleted`)
}

function eventLine(event: RunEvent): string {
  switch (event.type) {
    case 'state':
      return event.state
    case 'progress': {
      const took = event.durationMs === undefined ? '' : ` took ${event.durationMs.toFixed(0)} ms`
      return `${event.phase}${took}${(event.devices ?? 1) > 1 ? `, for ${String(event.devices)} devices` : ''}`
    }
    case 'metrics':
      return `step ${String(event.step)}  loss ${event.loss.toFixed(4)}  ${event.stepsPerSecond.toFixed(1)} steps/s`
    case 'evaluation':
      return `step ${String(event.step)}  ${event.split} error: teacher ${percent(event.teacher.error)}, student ${percent(event.student.error)}`
    case 'checkpoint':
      return `step ${String(event.step)}  checkpoint ${event.digest}`
    case 'warning':
      return `warning ${event.code}: ${event.message}`
    case 'finished':
      return `${event.state} at step ${String(event.step)}${event.cause ? `: ${event.cause.message}` : ''}`
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
