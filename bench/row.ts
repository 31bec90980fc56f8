/** One measured figure beside what it is held to. */
export interface Row {
  readonly name: string
  readonly unit: string
  /** Median of ours. */
  readonly ours: number
  /** Smallest and largest of ours. */
  readonly spread: readonly [number, number]
  /** What ours is compared with, measured in turn with it. */
  readonly baselineName: string
  readonly baseline: number
  /** Ours over the baseline. */
  readonly ratio: number
  readonly target: string
  /** Null where it was not run; `detail` then says why. */
  readonly ok: boolean | null
  readonly device: string
  readonly detail?: string
}

/** The middle value; of an even number of them the upper one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new RangeError('the median of nothing')
  return middle
}
