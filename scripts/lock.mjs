// Writes server-py/locks/*.txt: one file of pinned, hashed requirements for every accelerator and one for development,
// all for every platform and Python at once. Needs uv on PATH. `npm run lock`.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../server-py', import.meta.url))

/** Resolves one variant; all others are held to the versions of the first. */
function lock(variant, extra) {
  const flags = [
    '--universal',
    '--python-version',
    '3.12',
    '--generate-hashes',
    '--no-header',
    '--no-annotate',
    '--quiet',
  ]
  const target = ['--output-file', `locks/${variant}.txt`]
  execFileSync('uv', ['pip', 'compile', 'pyproject.toml', ...flags, ...extra, ...target], {
    cwd: folder,
    stdio: 'inherit',
  })
  console.log(`locks/${variant}.txt`)
}

lock('dev', ['--group', 'dev'])
lock('cpu', ['--constraints', 'locks/dev.txt'])
for (const accelerator of ['cuda12', 'cuda13', 'tpu']) {
  lock(accelerator, ['--constraints', 'locks/dev.txt', '--extra', accelerator])
}
