// `npm run bench`: sets everything up, then measures; see bench/main.ts.
import { log, main, runTypeScript, setup } from './setup.mjs'

await main(async (args) => {
  await setup({ variant: 'cpu', log })
  return runTypeScript('bench/main.ts', args)
})
