// `npm test`: sets everything up, runs the tests of both languages and adds up what they counted.
// `-- sdk` or `-- python` runs one of them, `-- all` the tests of the images too; further arguments go to that runner.
import { log, main, setup } from './setup.mjs'
import { containers, pytest, runTests, vitest } from './test-runners.mjs'

await main(async (args) => {
  const python = await setup({ variant: 'dev', log })
  const chosen = { sdk: [vitest], python: [pytest], all: [pytest, vitest, containers] }[args[0]]
  if (chosen) args.shift()
  return runTests(chosen ?? [pytest, vitest], args, python)
})
