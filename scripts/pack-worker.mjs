// Puts the worker's sources, locks and table of options into sdk/worker, and what every package shows of its project
// beside them; `--remove` takes them away again. `npm run pack` runs both around npm's packing.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = join(root, 'sdk', 'worker')
const carried = [
  ...['run.py', 'cowmask_worker', 'cowmask', 'locks', 'pyproject.toml'].map((name) => [`server-py/${name}`, name]),
  ['proto/cowmask/v1/options.json', 'proto/cowmask/v1/options.json'],
]
const shown = ['README.md', 'LICENSE']
// What only the worker's own tests use.
const left = ['__pycache__', 'dev.txt', '.pyi']

rmSync(target, { recursive: true, force: true })
for (const name of shown) rmSync(join(root, 'sdk', name), { force: true })
if (!process.argv.includes('--remove')) {
  for (const name of shown) cpSync(join(root, name), join(root, 'sdk', name))
  for (const [from, to] of carried) {
    mkdirSync(dirname(join(target, to)), { recursive: true })
    cpSync(join(root, from), join(target, to), {
      recursive: true,
      filter: (path) => !left.some((name) => path.endsWith(name)),
    })
  }
}
