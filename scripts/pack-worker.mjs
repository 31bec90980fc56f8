// Puts the worker's sources, locks and table of options into sdk/worker, for the package to carry; `--remove` takes them
// away again. npm runs both around `npm pack` unless scripts are off.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = join(root, 'sdk', 'worker')
const carried = [
  ...['run.py', 'cowmask_worker', 'cowmask', 'locks', 'pyproject.toml'].map((name) => [`server-py/${name}`, name]),
  ['proto/cowmask/v1/options.json', 'proto/cowmask/v1/options.json'],
]
// What only the worker's own tests use.
const left = ['__pycache__', 'dev.txt', '.pyi']

rmSync(target, { recursive: true, force: true })
if (!process.argv.includes('--remove'))
  for (const [from, to] of carried) {
    mkdirSync(dirname(join(target, to)), { recursive: true })
    cpSync(join(root, from), join(target, to), {
      recursive: true,
      filter: (path) => !left.some((name) => path.endsWith(name)),
    })
  }
