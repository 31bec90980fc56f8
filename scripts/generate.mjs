// `npm run generate [-- --check] [-- --python PATH]`: makes every generated file from proto/, sdk/src/config, the digits dataset
// and the figures that `npm run bench` measured.
// With --check nothing is written: what would be is compared with what is there, and every difference is named.
// The interpreter of --python, else of COWMASK_WORKER_PYTHON, brings grpcio-tools, mypy-protobuf and scikit-learn.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generateDigits } from './generate/digits.mjs'
import { generateDescriptor } from './generate/descriptor.mjs'
import { generateOptions } from './generate/options.mjs'
import { generateOptionTypes } from './generate/option-types.mjs'
import { generatePerformance } from './generate/performance.mjs'
import { generatePython } from './generate/python.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** All that is generated, as paths of this repository. */
const products = [
  'sdk/src/transport/generated',
  'server-py/cowmask',
  'sdk/src/config/option-types.ts',
  'proto/cowmask/v1/options.json',
  'examples/images',
  'docs/performance/figures.md',
]

async function generateInto(folder, python) {
  generateDescriptor(join(folder, 'sdk/src/transport/generated'))
  generatePython(python, join(folder, 'server-py'))
  await generateDigits(python, join(folder, 'examples/images'))
  await generateOptionTypes(join(folder, 'sdk/src/config/option-types.ts'))
  await generateOptions(join(folder, 'proto/cowmask/v1/options.json'))
  await generatePerformance(join(root, 'docs/performance/figures.json'), join(folder, 'docs/performance/figures.md'))
}

/** Contents by path, relative to `folder`, of the files at and below `product`; a character is a byte. */
function contents(folder, product) {
  const start = join(folder, product)
  if (!existsSync(start)) return new Map()
  const names = statSync(start).isFile() ? [''] : readdirSync(start, { recursive: true })
  const paths = names
    .map((name) => join(product, name))
    .filter((path) => statSync(join(folder, path)).isFile() && !path.includes(`${sep}__pycache__${sep}`))
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'latin1')]))
}

/** Every file that is not as it was made: `wanted` is what belongs there, undefined for a file that nothing makes. */
function differences(made) {
  return products.flatMap((product) => {
    const wanted = contents(made, product)
    const present = contents(root, product)
    return [...new Set([...wanted.keys(), ...present.keys()])]
      .filter((path) => wanted.get(path) !== present.get(path))
      .map((path) => ({ path, wanted: wanted.get(path), present: present.has(path) }))
  })
}

function apply({ path, wanted }) {
  const target = join(root, path)
  if (wanted === undefined) return rmSync(target)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, wanted, 'latin1')
}

const { values } = parseArgs({ options: { check: { type: 'boolean' }, python: { type: 'string' } } })
const python = values.python ?? process.env.COWMASK_WORKER_PYTHON
if (!python) {
  console.error(
    'Which Python? Set COWMASK_WORKER_PYTHON to one with server-py/locks/dev.txt installed, or pass --python.',
  )
  process.exit(2)
}
const made = mkdtempSync(join(tmpdir(), 'cowmask-generate-'))
try {
  await generateInto(made, python)
  const found = differences(made)
  for (const difference of found) {
    const { path, wanted, present } = difference
    const trouble = wanted === undefined ? 'made by nothing' : present ? 'out of date' : 'missing'
    if (!values.check) apply(difference)
    console.error(values.check ? `${path}: ${trouble}` : `${wanted === undefined ? 'removed' : 'wrote'} ${path}`)
  }
  if (values.check && found.length > 0) {
    console.error('Run: npm run generate')
    process.exitCode = 1
  } else console.error('Generated files are up to date.')
} finally {
  rmSync(made, { recursive: true, force: true })
}
