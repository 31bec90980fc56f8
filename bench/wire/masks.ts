import { join } from 'node:path'

import { limitsOf } from '../../sdk/src/transport/call-options.js'
import { PythonProgram, SERVER } from '../python.js'
import { type Row, compared, median } from '../row.js'
import { startWorker } from '../started-worker.js'
import { RepeatedFloat } from './repeated-float.js'

const EDGE = 256
const MASKS = { count: 1024, height: EDGE, width: EDGE } as const
const MEGABYTES = (MASKS.count * EDGE * EDGE) / 2 ** 20
/** `repeated float` gets this share of the masks, since it takes so long. */
const SHARE = 16
/** A worker whose masks stand ready. */
const READY = join(SERVER, 'cowmask_worker', 'bench', 'ready_worker.py')
const OPTIONS = { sigma: [EDGE / 8, EDGE / 2], proportion: [0.2, 0.8], seed: 7 } as const

/** 64 MB of masks, a byte a pixel in the script's hands: their way alone, and drawn while they are sent. */
export async function* maskRows(quick: boolean): AsyncGenerator<Row> {
  yield await readyRow(quick ? 2 : 5)
  yield await bitsRow()
  yield await drawnRow(quick ? 2 : 7)
}

async function readyRow(rounds: number): Promise<Row> {
  await using floats = await RepeatedFloat.start()
  await using worker = await startWorker({ program: READY })
  const some = { ...MASKS, count: MASKS.count / SHARE }
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const began = performance.now()
    const { data } = await worker.cowmask.masks.cow({ ...MASKS, ...OPTIONS })
    const arrived = performance.now()
    const bytes = await floats.masks(some)
    const both = performance.now()
    if (round === 0) continue
    ours.push((arrived - began) / MEGABYTES)
    theirs.push((both - arrived) / (MEGABYTES / SHARE))
    if (data.length !== bytes.length * SHARE) throw new Error('the two did not send the same masks')
  }
  const speed = (1000 / median(ours)).toFixed(0)
  const baseline = { name: `repeated float (${some.count} masks)`, values: theirs, most: 1 / 20 }
  const name = `${MASKS.count} masks of ${EDGE}x${EDGE} that stand ready, from the worker to a script`
  const detail = `${speed} MB of masks a second, ${(median(theirs) / median(ours)).toFixed(0)} times as fast`
  return { ...compared(name, 'ms a MB', ours, baseline, detail), target: 'at least 20 times as fast' }
}

async function bitsRow(): Promise<Row> {
  await using worker = await startWorker({ program: READY })
  const request = { ...MASKS, kind: 'cow', cow: {} } as const
  let bytes = 0
  for await (const { chunk } of worker.channel.stream('Masks.Generate', request, limitsOf({})))
    bytes += chunk?.data.length ?? 0
  const others = 3 * 4 * MASKS.count
  return compared('what the worker sends of these masks', 'bytes', [bytes - others], {
    name: 'a byte a pixel',
    values: [MASKS.count * EDGE * EDGE],
    most: 1 / 8,
  })
}

async function drawnRow(rounds: number): Promise<Row> {
  await using drawing = await PythonProgram.start('drawing', String(MASKS.count), String(EDGE))
  await using worker = await startWorker()
  const ours: number[] = []
  const alone: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const began = performance.now()
    await worker.cowmask.masks.cow({ ...MASKS, ...OPTIONS })
    const milliseconds = performance.now() - began
    drawing.ask()
    const drawn = Number(await drawing.line())
    if (round === 0) continue
    ours.push(milliseconds)
    alone.push(drawn)
  }
  const name = `${MASKS.count} masks of ${EDGE}x${EDGE}, drawn by the worker and in a script's hands`
  return compared(name, 'ms', ours, { name: 'drawing them alone', values: alone, most: 1.3 })
}
