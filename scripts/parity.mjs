// `npm run parity`: sets everything up, then compares us with the authors' code; see bench/parity/main.ts.
import { log, main, runTypeScript, setup } from './setup.mjs'

await main(async (args) => {
  await setup({ variant: 'cpu', log })
  return runTypeScript('bench/parity/main.ts', args)
})
