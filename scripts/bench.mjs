// `npm run bench`: sets everything up, then measures; see bench/main.ts.
import { withImages } from './container-images.mjs'
import { log, main, runTypeScript, setup } from './setup.mjs'

await main(async (args) => {
  const python = await setup({ variant: 'cpu', log })
  const bench = (more = {}) => runTypeScript('bench/main.ts', args, more)
  return args.includes('containers')
    ? withImages((images) => bench({ COWMASK_WORKER_PYTHON: python, ...images }))
    : bench()
})
