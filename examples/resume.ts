// Starts a run and stops it half way; called again with the run's id, from any process, goes on where it stopped.
//
//   npm run example -- examples/resume.ts [--steps 600]
//   npm run example -- examples/resume.ts RUN_ID
import { parseArgs } from 'node:util'

import { launch, presets } from 'cowmask'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: 'string', default: '600' } },
})
const [id] = positionals

// Runs live in a state folder, by default in your data folder (or `launch({ stateDir })`, COWMASK_STATE_DIR).
await using cowmask = await launch()

if (id === undefined) {
  const run = await cowmask.experiments.start({ ...presets.digits_40, steps: Number(values.steps) })
  for await (const event of run.events()) {
    // Asks for a checkpoint and the end; the loop goes on to the run's last event.
    if (event.type === 'metrics' && event.step === Math.floor(run.config.steps / 2)) await run.cancel()
    if (event.type === 'checkpoint') console.log(`checkpoint at step ${event.step}, digest ${event.digest}`)
    if (event.type === 'finished') console.log(`${event.state} at step ${event.step}`)
  }
  console.log(`npm run example -- examples/resume.ts ${run.id}`)
} else {
  const run = await cowmask.experiments.get(id)
  await run.resume()
  for await (const event of run.events()) {
    if (event.attempt < run.attempt) continue
    if (event.type === 'progress' && event.phase === 'restore') console.log('reading the checkpoint')
    if (event.type === 'checkpoint') console.log(`checkpoint at step ${event.step}, digest ${event.digest}`)
  }
  const { step, teacher } = await run.result()
  console.log(
    `attempt ${run.attempt} reached step ${step}: ${(teacher.error * 100).toFixed(1)} % of the test images wrong`,
  )
}
