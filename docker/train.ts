// Trains one experiment on a worker elsewhere and watches it. The address comes from the environment; token and
// certificates lie where the images expect them.
import { connect } from 'cowmask'

const secrets = '/run/secrets'
await using cowmask = await connect({
  address: process.env.COWMASK_ADDRESS ?? 'localhost:50051',
  token: { file: `${secrets}/token` },
  tls: {
    authority: `${secrets}/authority.pem`,
    certificate: `${secrets}/client.pem`,
    key: `${secrets}/client-key.pem`,
  },
  timeoutMs: 60_000,
})
const run = await cowmask.experiments.start({
  dataset: { name: 'digits', labeled: 40, seed: 1 },
  model: { name: 'wide_resnet', depth: 10, width: 1 },
  mix: { kind: 'cowmix', weight: 30 },
  steps: Number(process.env.STEPS ?? 600),
})
console.log(`run ${run.id}`)
for await (const event of run.events()) {
  if (event.type === 'metrics' && event.step % 50 === 0)
    console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`)
}
const { teacher } = await run.result()
console.log(`test error of the teacher: ${teacher.error}`)
