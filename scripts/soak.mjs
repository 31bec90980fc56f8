// `npm run test:soak`: sets everything up, then runs the long form of the promises; see test/soak/main.ts.
import { log, main, root, runTypeScript, setup } from './setup.mjs'
import { join } from 'node:path'

await main(async (args) => {
  process.env.COWMASK_WORKER_PYTHON = await setup({ variant: 'dev', log })
  process.env.JAX_COMPILATION_CACHE_DIR ??= join(root, '.cowmask', 'compile-cache')
  return runTypeScript('test/soak/main.ts', args)
})
