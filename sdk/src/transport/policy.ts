import type { MethodName } from './contract.js'

/** How a method is called when the caller says nothing else. */
export interface Policy {
  /** Whether a second attempt does no harm: the method only reads, or carries an idempotency key. */
  readonly repeatable: boolean
  /** Milliseconds. Absent where the answer takes as long as the work that was asked for. */
  readonly timeoutMs?: number
}

// Control answers these from memory or from its registry; a minute of silence is a fault.
const PROMPT_MS = 60_000

export const policies: Readonly<Record<MethodName, Policy>> = {
  'Masks.Generate': { repeatable: true },
  'Masks.Mix': { repeatable: true },
  'Masks.Erase': { repeatable: true },
  'Experiments.Start': { repeatable: true, timeoutMs: PROMPT_MS },
  'Experiments.Get': { repeatable: true, timeoutMs: PROMPT_MS },
  'Experiments.List': { repeatable: true, timeoutMs: PROMPT_MS },
  'Experiments.Watch': { repeatable: true },
  'Experiments.Cancel': { repeatable: false, timeoutMs: PROMPT_MS },
  'Experiments.Resume': { repeatable: false, timeoutMs: PROMPT_MS },
  'Experiments.Delete': { repeatable: false, timeoutMs: PROMPT_MS },
  'Experiments.Import': { repeatable: true },
  'Experiments.Step': { repeatable: true },
  'Datasets.List': { repeatable: true, timeoutMs: PROMPT_MS },
  'Datasets.Inspect': { repeatable: true },
  'Datasets.Import': { repeatable: false },
  'Datasets.Remove': { repeatable: false, timeoutMs: PROMPT_MS },
  'Models.Predict': { repeatable: true },
  'Models.PredictFiles': { repeatable: true },
  'Models.Evaluate': { repeatable: true },
  'Models.Export': { repeatable: true },
  'Models.Checkpoints': { repeatable: true, timeoutMs: PROMPT_MS },
  'Splits.Create': { repeatable: true },
  'Splits.Import': { repeatable: true },
  'Splits.Inspect': { repeatable: true },
  'Splits.Export': { repeatable: true },
  'Splits.List': { repeatable: true },
  'Splits.Compare': { repeatable: true },
  'System.Info': { repeatable: true, timeoutMs: PROMPT_MS },
  'System.Devices': { repeatable: true },
}
