// `npm run bill-of-materials`: what a CowMask of each accelerator is made of, as CycloneDX in JSON, one file each in
// `out`: the npm packages of package-lock.json, and the Python packages of the lock with the hashes that pip checks.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const npmCli = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm']
const [program, ...first] = npmCli
const flags = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']
const told = execFileSync(program, [...first, ...flags], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
const ofNpm = JSON.parse(told)

// npm's own way to leave out what only development needs leaves out what both need, too.
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const shipped = new Set(
  Object.entries(packages)
    .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`),
)
const components = ofNpm.components.filter(({ name, version }) => shipped.has(`${name}@${version}`))
const refs = new Set(components.map((component) => component['bom-ref']))
const dependencies = ofNpm.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }))

/** The pins of a lock: name, version, marker, hashes. */
function pythonPackages(variant) {
  const text = readFileSync(join(root, 'server-py', 'locks', `${variant}.txt`), 'utf8').replaceAll('\\\n', ' ')
  return text.split('\n').flatMap((line) => {
    const pin = /^([\w.-]+)(?:\[[^\]]*\])?==(\S+)(?:\s*;\s*(.*?))?\s+--hash=/.exec(line)
    if (!pin) return []
    const [, name, version, marker] = pin
    const hashes = [...line.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash]) => hash)
    return [{ name, version, marker, hashes }]
  })
}

const out = join(root, 'out')
mkdirSync(out, { recursive: true })
for (const variant of ['cpu', 'cuda12', 'cuda13', 'tpu']) {
  const ofPython = pythonPackages(variant).map(({ name, version, marker, hashes }) => ({
    'bom-ref': `pypi:${name}@${version}`,
    type: 'library',
    name,
    version,
    purl: `pkg:pypi/${name}@${version}`,
    // One hash of each file that may be installed: a wheel a platform, or the sources.
    properties: [
      ...(marker ? [{ name: 'cowmask:marker', value: marker }] : []),
      ...hashes.map((value) => ({ name: 'cowmask:sha256', value })),
    ],
  }))
  const component = { ...ofNpm.metadata.component, name: `cowmask with its worker for ${variant}` }
  const metadata = { ...ofNpm.metadata, component }
  const bill = { ...ofNpm, metadata, components: [...components, ...ofPython], dependencies }
  const file = join(out, `cowmask-${variant}.cdx.json`)
  writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`)
  console.log(`${file}: ${components.length} of npm, ${ofPython.length} of Python`)
}
