import { readFile } from 'node:fs/promises'

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
