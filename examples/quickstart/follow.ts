import type { Evaluation, Experiment, RunEvent } from 'cowmask'

import type { Display } from './display.js'

/** A run that came to its end. */
export interface Trained {
  readonly studentError: number
  readonly teacherError: number
  /** In the order of steps. */
  readonly curve: readonly Evaluation[]
}

const PHASES: Partial<Record<Extract<RunEvent, { type: 'progress' }>['phase'], string>> = {
  load_data: 'loading the digits',
  restore: 'reading the checkpoint',
  compile: 'compiling',
}

/**
 * Shows a run while it trains, until its end.
 *
 * @throws RunError if it was cancelled, interrupted or failed
 */
export async function follow(run: Experiment, display: Display): Promise<Trained> {
  const curve = new Map<number, Evaluation>()
  const { steps } = run.config
  let first: { readonly step: number; readonly at: number } | undefined
  let teacherError: number | undefined
  for await (const event of run.events()) {
    if (event.type === 'evaluation') {
      curve.set(event.step, event)
      teacherError = event.teacher.error
    }
    // What an earlier attempt did is history; its evaluations belong to the curve all the same.
    if (event.attempt < run.attempt) continue
    if (event.type === 'progress') showPhase(event, display)
    if (event.type === 'warning') display.line(`  note at step ${event.step}: ${event.message} (${event.code})`)
    if (event.type === 'metrics') {
      const now = performance.now()
      first ??= { step: event.step, at: now }
      const done = event.step + 1
      // The steps of one dispatch arrive together; until the next one its own rate is all that is known.
      const seconds = (now - first.at) / 1000
      const rate = seconds > 1 ? (event.step - first.step) / seconds : event.stepsPerSecond
      display.progress({
        step: done,
        steps,
        loss: event.loss,
        teacherError,
        stepsPerSecond: event.stepsPerSecond,
        secondsLeft: (steps - done) / rate,
      })
    }
  }
  display.stop()
  const { student, teacher } = await run.result()
  return {
    studentError: student.error,
    teacherError: teacher.error,
    curve: [...curve.values()].sort((one, other) => one.step - other.step),
  }
}

function showPhase(event: Extract<RunEvent, { type: 'progress' }>, display: Display): void {
  const name = PHASES[event.phase]
  if (name === undefined) return
  if (event.durationMs === undefined) display.begin(name)
  else display.done(name, event.durationMs)
}
