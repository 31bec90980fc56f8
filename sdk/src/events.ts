import type { RunEnd } from './errors.js'
import { RunError } from './errors.js'
import type { Checkpoint__Output } from './transport/generated/cowmask/v1/Checkpoint.js'
import type { Evaluation__Output } from './transport/generated/cowmask/v1/Evaluation.js'
import type { Event__Output } from './transport/generated/cowmask/v1/Event.js'
import type { Failure__Output } from './transport/generated/cowmask/v1/Failure.js'
import type { Finished__Output } from './transport/generated/cowmask/v1/Finished.js'
import type { Metrics__Output } from './transport/generated/cowmask/v1/Metrics.js'
import type { RunState__Output } from './transport/generated/cowmask/v1/RunState.js'
import type { Score__Output } from './transport/generated/cowmask/v1/Score.js'

/** Where a run stands. `storage_full`: it waits for room on the disk of the state folder, and goes on by itself. */
export type RunState =
  | 'queued'
  | 'starting'
  | 'running'
  | 'storage_full'
  | 'cancelling'
  | 'cancelled'
  | 'interrupted'
  | 'failed'
  | 'succeeded'

/** How a run ends. */
export type EndState = 'cancelled' | 'interrupted' | 'failed' | 'succeeded'

/** How well images are answered. */
export interface Score {
  /** Mean cross-entropy. */
  readonly loss: number
  /** Share answered wrongly, 0..1. */
  readonly error: number
  /** Share whose class is not among the five most probable ones, 0..1; NaN in events of older versions. */
  readonly top5Error: number
}

/** One evaluation of both networks. */
export interface Evaluation {
  /** Updates made before it. */
  readonly step: number
  readonly split: 'test' | 'validation'
  readonly student: Score
  readonly teacher: Score
}

/** One saved state of a run. */
export interface Checkpoint {
  /** Updates made before it. */
  readonly step: number
  /** SHA-256 over the names, types, shapes and bytes of the whole state, in hexadecimal. */
  readonly digest: string
  readonly bytes: number
}

/** Metrics of the student in one step, before that step's update. A part that is off reports zeros. */
export interface StepMetrics {
  readonly step: number
  /** The sum that is minimized. */
  readonly loss: number
  readonly labeledLoss: number
  /** Share of the labeled batch answered wrongly, 0..1. */
  readonly labeledError: number
  readonly learningRate: number
  /** Unweighted. */
  readonly perturbLoss: number
  /** Share of images above the confidence threshold, 0..1; 1 without a threshold. */
  readonly perturbConfidence: number
  readonly mixLoss: number
  readonly mixConfidence: number
  readonly teacherAlpha: number
  /** Of the dispatch that the step belongs to. */
  readonly stepsPerSecond: number
}

/** Why a run ended. */
export interface Cause {
  /** Such as `TRAINER_KILLED`, `NON_FINITE_LOSS`, `CANCELLED_BY_USER`. */
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly pythonType?: string
  readonly traceback?: string
  readonly exitCode?: number
  /** Such as `SIGKILL`. */
  readonly signal?: string
}

/** How an attempt ended. */
export interface Finished {
  readonly state: EndState
  /** Updates completed. */
  readonly step: number
  /** The last one, where there was one. */
  readonly evaluation?: Evaluation
  readonly checkpoint?: Checkpoint
  /** Absent if it succeeded. */
  readonly cause?: Cause
}

interface Stamp {
  /** Counts from 1 without holes. The metrics of several steps may share a number. */
  readonly seq: number
  /** Counts from 1; every resume adds one. */
  readonly attempt: number
  /** RFC 3339, UTC. */
  readonly time: string
}

/** One thing that happened in a run; `type` tells what. The last one of every attempt is `finished`. */
export type RunEvent = Stamp &
  (
    | { readonly type: 'state'; readonly state: RunState }
    | {
        readonly type: 'progress'
        readonly phase: 'load_data' | 'restore' | 'compile'
        /** Absent at the phase's start, its duration at its end. */
        readonly durationMs?: number
        /** Updates of the whole run. */
        readonly steps: number
        /** At the end of `load_data`: fingerprint of the split that the run trains on. */
        readonly split?: string
        /** At the end of `compile`: how many devices compute each step. */
        readonly devices?: number
      }
    | ({ readonly type: 'metrics' } & StepMetrics)
    | ({ readonly type: 'evaluation' } & Evaluation)
    | ({ readonly type: 'checkpoint' } & Checkpoint)
    | {
        readonly type: 'warning'
        /** Such as `consistency_loss_zero`, `teacher_below_student`, `stalled`, `devices_idle`. */
        readonly code: string
        readonly message: string
        readonly step: number
      }
    | ({ readonly type: 'finished' } & Finished)
  )

const COLUMNS = [
  'loss',
  'labeledLoss',
  'labeledError',
  'learningRate',
  'perturbLoss',
  'perturbConfidence',
  'mixLoss',
  'mixConfidence',
  'teacherAlpha',
] as const satisfies readonly (keyof StepMetrics & keyof Metrics__Output)[]

/** The events that one message stands for: one a step for metrics, one otherwise; none for a type yet unknown. */
export function* eventsOf(event: Event__Output): Generator<RunEvent> {
  const { seq, attempt, time } = event
  const stamp = { seq, attempt, time }
  if (event.state) yield { ...stamp, type: 'state', state: runState(event.state.state) }
  else if (event.progress) {
    const { phase, durationMs, steps, splitFingerprint, devices } = event.progress
    type Phase = Extract<RunEvent, { type: 'progress' }>['phase']
    yield {
      ...stamp,
      type: 'progress',
      phase: phase as Phase,
      steps,
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(splitFingerprint === undefined ? {} : { split: splitFingerprint }),
      ...(devices === undefined ? {} : { devices }),
    }
  } else if (event.metrics) for (const step of stepsOf(event.metrics)) yield { ...stamp, type: 'metrics', ...step }
  else if (event.evaluation) yield { ...stamp, type: 'evaluation', ...evaluationOf(event.evaluation) }
  else if (event.checkpoint) yield { ...stamp, type: 'checkpoint', ...checkpointOf(event.checkpoint) }
  else if (event.warning) yield { ...stamp, type: 'warning', ...event.warning }
  else if (event.finished) yield { ...stamp, type: 'finished', ...finishedOf(event.finished) }
}

/** One object a step. */
export function* stepsOf(metrics: Metrics__Output): Generator<StepMetrics> {
  for (let row = 0; row < metrics.loss.length; row += 1) {
    const values = Object.fromEntries(COLUMNS.map((name) => [name, metrics[name][row] ?? NaN]))
    yield {
      step: metrics.firstStep + row,
      ...(values as Record<(typeof COLUMNS)[number], number>),
      stepsPerSecond: metrics.stepsPerSecond,
    }
  }
}

/** `RUN_STATE_RUNNING` is `running`. */
export function runState(state: RunState__Output): RunState {
  return state.replace('RUN_STATE_', '').toLowerCase() as RunState
}

export function scoreOf(given: Score__Output | null): Score {
  return { loss: given?.loss ?? NaN, error: given?.error ?? NaN, top5Error: given?.top5Error ?? NaN }
}

function evaluationOf({ step, split, student, teacher }: Evaluation__Output): Evaluation {
  return { step, split: split as Evaluation['split'], student: scoreOf(student), teacher: scoreOf(teacher) }
}

export function checkpointOf({ step, digest, bytes }: Checkpoint__Output): Checkpoint {
  return { step, digest, bytes }
}

function causeOf({ code, message, hint, pythonType, traceback, exitCode, signal }: Failure__Output): Cause {
  return {
    code,
    message,
    hint,
    ...(pythonType && { pythonType }),
    ...(traceback && { traceback }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal && { signal }),
  }
}

export function finishedOf({ state, step, evaluation, checkpoint, cause }: Finished__Output): Finished {
  return {
    state: runState(state) as EndState,
    step,
    ...(evaluation && { evaluation: evaluationOf(evaluation) }),
    ...(checkpoint && { checkpoint: checkpointOf(checkpoint) }),
    ...(cause && { cause: causeOf(cause) }),
  }
}

/** The error of a run that ended without succeeding. */
export function runError(runId: string, { state, step, cause }: Finished): RunError {
  const end: RunEnd = {
    runId,
    state: state as RunEnd['state'],
    step,
    pythonType: cause?.pythonType,
    traceback: cause?.traceback,
    exitCode: cause?.exitCode,
    signal: cause?.signal,
  }
  const why = cause ? `: ${cause.message}` : '.'
  return new RunError(
    cause?.code ?? 'INTERNAL',
    `Run ${runId} ${state === 'failed' ? 'failed' : `was ${state}`} at step ${String(step)}${why}`,
    end,
    {
      hint: cause?.hint === '' ? undefined : cause?.hint,
    },
  )
}
