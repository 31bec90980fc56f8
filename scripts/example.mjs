// `npm run example -- examples/NAME.ts [arguments]`: sets everything up, then runs one example.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { log, main, root, runTypeScript, setup, SetupError } from './setup.mjs'

await main(async ([file, ...args]) => {
  if (!file || !existsSync(join(root, file))) {
    throw new SetupError(
      `${file ? `There is no ${file}.` : 'Which example?'} Usage: npm run example -- examples/masks.ts`,
    )
  }
  await setup({ variant: 'cpu', log })
  return runTypeScript(file, args)
})
