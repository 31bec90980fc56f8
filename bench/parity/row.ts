/** One check of the parity table. */
export interface Row {
  readonly group: string
  readonly name: string
  /** Values that were compared. */
  readonly cases: number
  /** Largest difference, and the largest over the magnitude expected beside it; null where nothing could be compared. */
  readonly maxAbs: number | null
  readonly maxRel: number | null
  readonly tolerance: string
  /** Null for what was left out. */
  readonly ok: boolean | null
  /** Why a row failed or was left out. */
  readonly detail?: string
}

/** Seconds of the same work. */
export interface Time {
  readonly name: string
  readonly ours: number
  readonly reference: number
  /** On what the reference's were measured. */
  readonly where: string
}

export type Versions = Readonly<Record<string, unknown>>

/** Everything that one run found. */
export interface Findings {
  readonly rows: readonly Row[]
  readonly times: readonly Time[]
  readonly versions: Versions
}

/** A row for what could not be compared. */
export function failed(group: string, name: string, detail: string): Row {
  return { group, name, cases: 0, maxAbs: null, maxRel: null, tolerance: 'readable', ok: false, detail }
}
