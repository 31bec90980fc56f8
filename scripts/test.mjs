// `npm test`: sets everything up, runs the tests of both languages and adds up what they counted.
// `-- sdk` or `-- python` runs one of them; further arguments go to that runner.
import { log, main, setup } from './setup.mjs'
import { pytest, runTests, vitest } from './test-runners.mjs'

await main(async (args) => {
  const python = await setup({ variant: 'dev', log })
  const only = { sdk: vitest, python: pytest }[args[0]]
  if (only) args.shift()
  return runTests(only ? [only] : [pytest, vitest], args, python)
})
