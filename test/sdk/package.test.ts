import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { temporaryFolder } from './worker.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

test('S9: the packed package, installed in an empty project, launches the worker that it carries', async () => {
  await using here = await temporaryFolder()
  // What npm would run around it, but for the build: other tests are using what the build would write.
  const carry = join(root, 'scripts', 'pack-worker.mjs')
  await run(process.execPath, [carry])
  await run('npm', ['pack', '--workspace=sdk', '--ignore-scripts', `--pack-destination=${here.path}`], { cwd: root })
  await run(process.execPath, [carry, '--remove'])
  const [tarball = ''] = readdirSync(here.path).filter((name) => name.endsWith('.tgz'))
  const modules = join(here.path, 'node_modules')
  const installed = join(modules, 'cowmask')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed], { cwd: here.path })
  const files = readdirSync(installed, { recursive: true }) as string[]
  expect(files).toContain('worker/run.py')
  expect(files).toContain('worker/proto/cowmask/v1/options.json')
  expect(files.filter((name) => /__pycache__|\.test\.|worker\/tests|node_modules/.test(name))).toEqual([])

  await writeFile(join(here.path, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }))
  await writeFile(
    join(here.path, 'script.mjs'),
    `import { launch } from 'cowmask'
     const cowmask = await launch({ stateDir: 'state' })
     const masks = await cowmask.masks.cow({ count: 2, height: 16, width: 16 })
     await masks.writePng('masks.png')
     console.log(JSON.stringify({ share: [...masks.share], url: import.meta.resolve('cowmask') }))
     await cowmask.close()`,
  )
  // What the package depends on comes from this clone, which needs no registry; what it doesn't name is not there.
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  const { stdout } = await run(process.execPath, ['script.mjs'], { cwd: here.path })
  const said = JSON.parse(stdout) as { share: number[]; url: string }
  expect(said.share).toHaveLength(2)
  expect(fileURLToPath(said.url)).toContain(here.path)
  expect(readdirSync(here.path)).toContain('masks.png')

  const required = await run(process.execPath, ['-p', "typeof require('cowmask').launch"], { cwd: here.path })
  expect(required.stdout.trim()).toBe('function')
  const { stdout: help } = await run(process.execPath, [join(installed, 'dist/cli/main.js'), '--help'], {
    cwd: here.path,
  })
  expect(help).toContain('doctor')
})
