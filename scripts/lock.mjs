// Writes server-py/locks/*.txt: one file of pinned, hashed requirements for every accelerator and one for development,
// all for every platform and Python at once; and those of what builds the images. Needs uv on PATH. `npm run lock`.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Resolves what a file asks for. */
function lock(part, source, target, extra = []) {
  const flags = [
    '--universal',
    '--python-version',
    '3.12',
    '--generate-hashes',
    '--no-header',
    '--no-annotate',
    '--quiet',
  ]
  execFileSync('uv', ['pip', 'compile', source, ...flags, ...extra, '--output-file', target], {
    cwd: fileURLToPath(new URL(`../${part}`, import.meta.url)),
    stdio: 'inherit',
  })
  console.log(`${part}/${target}`)
}

/** One variant of the worker; all others are held to the versions of the first. */
const variant = (name, extra) => {
  lock('server-py', 'pyproject.toml', `locks/${name}.txt`, extra)
}

variant('dev', ['--group', 'dev'])
variant('cpu', ['--constraints', 'locks/dev.txt'])
for (const accelerator of ['cuda12', 'cuda13', 'tpu']) {
  variant(accelerator, ['--constraints', 'locks/dev.txt', '--extra', accelerator])
}
for (const tools of ['tools', 'node']) lock('docker', `${tools}.in`, `${tools}.txt`)
