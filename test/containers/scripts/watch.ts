// Runs in the image for scripts: starts a run on the worker, or goes on with the one that is named, and prints its events.
import { connect } from 'cowmask'

const secrets = '/run/secrets'
await using cowmask = await connect({
  address: 'worker:50051',
  token: { file: `${secrets}/token` },
  tls: {
    authority: `${secrets}/authority.pem`,
    certificate: `${secrets}/client.pem`,
    key: `${secrets}/client-key.pem`,
  },
  timeoutMs: 60_000,
})
const [config = '{}'] = process.argv.slice(2)
const run = await cowmask.experiments.start(JSON.parse(config) as Parameters<typeof cowmask.experiments.start>[0])
for await (const event of run.events()) console.log(JSON.stringify({ run: run.id, ...event }))
