// `npm run quickstart`: sets everything up, then trains the handwritten digits with labels alone and with CowMix.
import { log, main, runTypeScript, setup } from './setup.mjs'

await main(async (args) => {
  await setup({ variant: 'cpu', log })
  return runTypeScript('examples/quickstart/main.ts', args)
})
