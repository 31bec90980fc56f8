import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { launch } from 'cowmask'
import { ownCompileCache } from './compile-cache.js'
import { SERVER, workerPython } from './python.js'
import { type Row, compared, measured } from './row.js'

const MASK = { count: 1, height: 32, width: 32, sigma: [4, 16], proportion: [0.2, 0.8], seed: 7 } as const

/** From `launch()` to its first answer and to a mask, against Python's own start and a script without a worker. */
export async function* launchRows({ quick }: { readonly quick: boolean }): AsyncGenerator<Row> {
  yield* ownCompileCache((folder) => rows(quick ? 3 : 9, folder))
}

async function* rows(rounds: number, folder: string): AsyncGenerator<Row> {
  const python = await workerPython()
  const compiled = join(folder, 'compiled')
  const times = { answer: [] as number[], mask: [] as number[], grpc: [] as number[], script: [] as number[] }
  // The first round fills the compile cache and the memory that files are kept in.
  for (let round = 0; round <= rounds; round += 1) {
    const began = performance.now()
    await using cowmask = await launch({ python, stateDir: join(folder, 'state') })
    await cowmask.system.info()
    const answered = performance.now()
    const { data } = await cowmask.masks.cow(MASK)
    const drawn = performance.now()
    await cowmask.close()
    const alone = performance.now()
    spawnSync(python, ['-I', '-c', 'import grpc'])
    const imported = performance.now()
    const script = spawnSync(python, ['-m', 'cowmask_worker.bench.first_mask', compiled], { cwd: SERVER })
    const scripted = performance.now()
    if (script.stdout.toString().trim() !== data.join('')) throw new Error('the two did not draw the same mask')
    if (round === 0) continue
    times.answer.push(answered - began)
    times.mask.push(drawn - began)
    times.grpc.push(imported - alone)
    times.script.push(scripted - imported)
  }
  yield measured({
    name: 'launch() to the first answer',
    unit: 'ms',
    ours: times.answer,
    baselineName: 'python -c "import grpc"',
    baseline: times.grpc,
    target: 'below 1000 ms',
    holds: (ms) => ms < 1000,
  })
  yield compared('launch() to the first mask, compile cache warm', 'ms', times.mask, {
    name: 'a Python script that imports grpc and jax and draws the same mask',
    values: times.script,
    most: 1.6,
  })
}
