// `npm run test:networks`: every network of the authors' code takes two training steps at its full size. Compiling
// PyramidNet-272 alone takes ten minutes and 16 GB of memory, the others a minute or two and up to 10 GB each.
// Arguments go to pytest: `-- -k resnet50` runs those of that name.
import { log, main, setup } from './setup.mjs'
import { pytest, runTests } from './test-runners.mjs'

await main(async (args) => {
  const python = await setup({ variant: 'dev', log })
  return runTests([pytest], ['tests_networks', '--durations=0', '--durations-min=1', ...args], python)
})
