import { metricEventsRow } from './wire/metric-events.js'
import { maskRows } from './wire/masks.js'
import type { Row } from './row.js'
import { watchedRows } from './wire/watched.js'

/** What crosses the language line: masks, metrics, and whether looking on costs a run anything. */
export async function* wireRows({ quick }: { readonly quick: boolean }): AsyncGenerator<Row> {
  yield* maskRows(quick)
  yield await metricEventsRow(quick)
  yield* watchedRows(quick)
}
