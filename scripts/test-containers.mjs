// `npm run test:containers`: builds the images and tests them in containers; further arguments go to vitest.
import { log, main, setup } from './setup.mjs'
import { containers, runTests } from './test-runners.mjs'

await main(async (args) => {
  const python = await setup({ variant: 'cpu', log })
  return runTests([containers], args, python)
})
