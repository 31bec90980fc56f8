// `npm run pack`: the npm package with the worker in it, as a file in `out`. Packing runs a script of ours around
// npm's, not by it: npm runs no scripts here, nobody's (`ignore-scripts` in .npmrc).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { log, main, npm, root, run, setupSdk } from './setup.mjs'

await main(async () => {
  await setupSdk(log)
  const carry = (...args) => run(process.execPath, [join(root, 'scripts', 'pack-worker.mjs'), ...args])
  const out = join(root, 'out')
  mkdirSync(out, { recursive: true })
  try {
    return (await carry()) || (await npm('pack', '--workspace=sdk', `--pack-destination=${out}`))
  } finally {
    await carry('--remove')
  }
})
