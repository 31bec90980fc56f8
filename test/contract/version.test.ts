import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { version } from 'cowmask'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const text = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')

it.each([
  ['package.json', /"version": "(.+?)"/],
  ['sdk/package.json', /"version": "(.+?)"/],
  ['server-py/pyproject.toml', /^version = "(.+?)"$/m],
  ['server-py/cowmask_worker/__init__.py', /__version__ = "(.+?)"/],
])('%s has the version of the SDK', async (path, pattern) => {
  expect(pattern.exec(await text(path))?.[1]).toBe(version)
})

it('the program that a clone links says the version of the SDK', async () => {
  const program = fileURLToPath(new URL('node_modules/.bin/cowmask', root))
  const { stdout } = await promisify(execFile)(program, ['--version'])
  expect(stdout.trim()).toBe(version)
})
