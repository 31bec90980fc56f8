import { spawnSync } from 'node:child_process'
import { launch, setup } from 'cowmask'
import { median, type Row } from './row.js'

/** From `launch()` to the control process's first answer, against Python's own start with nothing but gRPC. */
export async function launchRow(repeats: number): Promise<Row> {
  const python = process.env.COWMASK_WORKER_PYTHON ?? (await setup({})).python
  const ours: number[] = []
  const baseline: number[] = []
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const started = performance.now()
    await using cowmask = await launch({ python })
    await cowmask.system.info()
    ours.push(performance.now() - started)
    await cowmask.close()
    const compared = performance.now()
    spawnSync(python, ['-I', '-c', 'import grpc'])
    baseline.push(performance.now() - compared)
  }
  return row(ours, baseline)
}

function row(ours: readonly number[], baseline: readonly number[]): Row {
  return {
    name: 'launch() to the first answer',
    unit: 'ms',
    ours: median(ours),
    spread: [Math.min(...ours), Math.max(...ours)],
    baselineName: 'python -c "import grpc"',
    baseline: median(baseline),
    ratio: median(ours) / median(baseline),
    target: 'below 1000 ms',
    ok: median(ours) < 1000,
    device: 'cpu',
  }
}
