// `npm run verify`: every check that runs nothing: formats, linters, types, import directions, contract, generated files.
import { dirname, join } from 'node:path'
import { log, main, root, run, setup } from './setup.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)

await main(async () => {
  const python = await setup({ variant: 'dev', log })
  const env = { ...process.env, COWMASK_WORKER_PYTHON: python }
  const server = join(root, 'server-py')
  // Installed beside the interpreter.
  const tool = (name) => join(dirname(python), name)
  const inDocker = (...names) => names.map((name) => join('docker', name))
  const probeStyle = join(root, 'bench', 'parity', 'reference_probe', 'ruff.toml')
  const checks = [
    ['prettier', bin('prettier'), ['--check', '.']],
    ['eslint', bin('eslint'), ['.', '--max-warnings', '0']],
    ['types', bin('tsc'), ['-p', '.']],
    ['package', bin('publint'), ['sdk', '--strict']],
    ['contract', bin('buf'), ['lint', 'proto']],
    ['contract format', bin('buf'), ['format', 'proto', '--diff', '--exit-code']],
    ['generated files', process.execPath, ['scripts/generate.mjs', '--check']],
    ['ruff', python, ['-m', 'ruff', 'check', '.'], server],
    ['ruff format', python, ['-m', 'ruff', 'format', '--check', '.'], server],
    ['ruff, the probe', python, ['-m', 'ruff', 'check', '--config', probeStyle, 'bench']],
    ['ruff format, the probe', python, ['-m', 'ruff', 'format', '--check', '--config', probeStyle, 'bench']],
    ['pyright', bin('pyright'), ['--project', 'server-py', '--pythonpath', python]],
    [
      'imports',
      python,
      ['-c', 'from importlinter.cli import lint_imports_command; lint_imports_command()', '--no-cache'],
      server,
    ],
    ['Dockerfile', tool('hadolint'), ['--config', ...inDocker('hadolint.yaml', 'Dockerfile')]],
    [
      'compose file',
      tool('check-jsonschema'),
      ['--builtin-schema', 'vendor.compose-spec', ...inDocker('compose.yaml')],
    ],
    [
      'kubernetes files',
      tool('kubernetes-validate'),
      ['--strict', ...inDocker('kubernetes/worker.yaml', 'kubernetes/job.yaml')],
    ],
    ['ruff, the images', python, ['-m', 'ruff', 'check', '--config', 'server-py/pyproject.toml', 'docker']],
    [
      'ruff format, the images',
      python,
      ['-m', 'ruff', 'format', '--check', '--config', 'server-py/pyproject.toml', 'docker'],
    ],
  ]
  const failed = []
  for (const [name, program, args, cwd = root] of checks) {
    console.error(`\n— ${name}`)
    if ((await run(program, args, { cwd, env })) !== 0) failed.push(name)
  }
  console.error(failed.length === 0 ? `\nAll ${checks.length} checks hold.` : `\nFailed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
})
