import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { temporaryFolder } from './worker.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort()
}

/** What may be in the package beside what is compiled: files of this repository that git knows, and no other. */
async function reviewed(): Promise<string[]> {
  const carried = ['run.py', 'pyproject.toml', 'cowmask', 'cowmask_worker', 'locks'].map((name) => `server-py/${name}`)
  const { stdout } = await run('git', ['ls-files', ...carried], { cwd: root })
  const worker = stdout.split('\n').filter((name) => name !== '' && !/\.pyi$|locks\/dev\.txt$/.test(name))
  return [
    'LICENSE',
    'README.md',
    'package.json',
    'worker/proto/cowmask/v1/options.json',
    ...worker.map((name) => name.replace('server-py/', 'worker/')),
  ].sort()
}

test('S9: npm runs no script of a package', async () => {
  expect((await run('npm', ['config', 'get', 'ignore-scripts'], { cwd: root })).stdout.trim()).toBe('true')
})

test('S9: the bill of materials names what the locks pin', async () => {
  await run(process.execPath, [join(root, 'scripts', 'bill-of-materials.mjs')], { cwd: root })
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; link?: boolean; version?: string }>
  }
  const npm = Object.entries(packages).flatMap(([path, { dev, link, version = '' }]) =>
    path.startsWith('node_modules/') && !dev && !link ? [`${path.split('node_modules/').at(-1) ?? ''}@${version}`] : [],
  )
  for (const variant of ['cpu', 'cuda12', 'cuda13', 'tpu']) {
    const bill = JSON.parse(await readFile(join(root, 'out', `cowmask-${variant}.cdx.json`), 'utf8')) as {
      bomFormat: string
      components: { name: string; version: string; purl: string; properties: { name: string }[] }[]
    }
    const lock = await readFile(join(root, 'server-py', 'locks', `${variant}.txt`), 'utf8')
    const pins = [...lock.matchAll(/^([\w.-]+)==(\S+)/gm)].map(([, name = '', version = '']) => `${name}@${version}`)
    const of = (registry: string) =>
      bill.components
        .filter(({ purl }) => purl.startsWith(`pkg:${registry}/`))
        .map(({ name, version }) => `${name}@${version}`)
    expect(bill.bomFormat).toBe('CycloneDX')
    expect(of('pypi')).toEqual(pins)
    expect(new Set(of('npm'))).toEqual(new Set(npm))
    const hashes = bill.components.flatMap(({ properties }) =>
      properties.filter(({ name }) => name === 'cowmask:sha256'),
    )
    expect(hashes).toHaveLength(lock.match(/--hash=sha256:/g)?.length ?? 0)
  }
})

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
  const files = filesBelow(installed)
  expect(files.filter((name) => !name.startsWith('dist/'))).toEqual(await reviewed())
  // What is compiled is compiled of a source that is there; how much else compilers write is theirs.
  const built = files.filter((name) => name.startsWith('dist/'))
  expect(built.filter((name) => !/^dist\/[\w/-]+\.(js|d\.ts)(\.map)?$/.test(name))).toEqual([])
  expect(built).toContain('dist/cli/main.js')

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
