/** One measured figure beside what it is held to. */
export interface Row {
  readonly name: string
  readonly unit: string
  /** Median of ours; null, as the other figures, where it was not run. */
  readonly ours: number | null
  /** Smallest and largest of ours. */
  readonly spread: readonly [number, number] | null
  /** What ours is compared with, measured in turn with it. */
  readonly baselineName: string
  readonly baseline: number | null
  /** Ours over the baseline. */
  readonly ratio: number | null
  readonly target: string
  /** Null where it was not run; `detail` then says why. */
  readonly ok: boolean | null
  readonly device: string
  readonly detail?: string
}

/** What a row is made of: values that were measured in turn, and what is wanted of their medians. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly ours: readonly number[]
  readonly baselineName: string
  readonly baseline: readonly number[]
  readonly target: string
  readonly holds: (ours: number, ratio: number) => boolean
  readonly detail?: string | undefined
}

/** The row of a figure, measured on the CPU. */
export function measured({ ours, baseline, holds, detail, ...told }: Figure): Row {
  const ratio = median(ours) / median(baseline)
  return {
    ...told,
    ours: median(ours),
    spread: spread(ours),
    baseline: median(baseline),
    ratio,
    ok: holds(median(ours), ratio),
    device: 'cpu',
    ...(detail === undefined ? {} : { detail }),
  }
}

export interface Baseline {
  readonly name: string
  readonly values: readonly number[]
  /** The largest ratio of ours to it that is allowed. */
  readonly most: number
}

/** The row of a figure that is held to a share of its baseline. */
export function compared(
  name: string,
  unit: string,
  ours: readonly number[],
  baseline: Baseline,
  detail?: string,
): Row {
  return measured({
    name,
    unit,
    ours,
    baselineName: baseline.name,
    baseline: baseline.values,
    target: `at most ${baseline.most}x`,
    holds: (_, ratio) => ratio <= baseline.most,
    detail,
  })
}

/** The middle value; of an even number of them the upper one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new RangeError('the median of nothing')
  return middle
}

/** Smallest and largest. */
export function spread(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)]
}
