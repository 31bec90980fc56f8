import { describe, expect, test } from 'vitest'

import { candidates, installer, notFound, places, preferred } from '../../src/worker/python.js'
import { Temporary } from './temporary.js'

const answer = (version: string, more = '') =>
  `echo '{"version":"${version}","name":"CPython","bits":64,"flags":""${more}}'`

/** A machine whose interpreters lie in one folder that PATH names, and in pyenv's. */
async function machine(onPath: Record<string, string>, pyenv: Record<string, string> = {}) {
  const here = await Temporary.make()
  for (const [name, script] of Object.entries(onPath)) await here.program(`bin/${name}`, script)
  for (const [version, script] of Object.entries(pyenv))
    await here.program(`pyenv/versions/${version}/bin/python3`, script)
  const variables = { PATH: here.path('bin'), PYENV_ROOT: here.path('pyenv'), XDG_DATA_HOME: here.path('data') }
  const found = (await candidates(variables)).filter(({ path }) => path.startsWith(here.folder))
  return { found, folder: here.folder, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() }
}

describe('an interpreter', () => {
  test.each([
    ['too old', answer('3.11.9'), /is 3\.11\.9; the worker needs 3\.12, 3\.13 or 3\.14/],
    ['too new', answer('3.15.0'), /is 3\.15\.0/],
    ['another implementation', answer('3.13.1').replace('CPython', 'PyPy'), /is PyPy/],
    ['a 32-bit build', answer('3.13.1').replace('64', '32'), /32-bit/],
    ['a free-threaded build', answer('3.13.1').replace('"flags":""', '"flags":"t"'), /free-threaded/],
    [
      'a shim without a version behind it',
      'echo "pyenv: python3: command not found" >&2; exit 127',
      /command not found/,
    ],
    ['something else', 'echo hello', /no Python's answer/],
  ])('that is %s is not used, and the reason is kept', async (_, script, reason) => {
    await using fake = await machine({ python3: script })
    const { found } = fake
    expect(found).toMatchObject([{ source: 'PATH', usable: false, reason: expect.stringMatching(reason) as string }])
    expect(preferred(found)).toBeUndefined()
    expect(notFound(found).message).toMatch(reason)
  })

  test('of pyenv goes before one on PATH, and 3.13 before others of the same place', async () => {
    await using fake = await machine(
      { python3: answer('3.14.2') },
      { '3.12.1': answer('3.12.1'), '3.13.0': answer('3.13.0'), '3.14.0': answer('3.14.0') },
    )
    const { found } = fake
    expect(found).toHaveLength(4)
    expect(preferred(found)).toMatchObject({ source: 'pyenv', version: '3.13.0' })
  })

  test('named by COWMASK_PYTHON is the only one', async () => {
    await using here = await Temporary.make()
    const chosen = await here.program('mine', answer('3.9.1'))
    const found = await candidates({ COWMASK_PYTHON: chosen, PATH: process.env.PATH })
    expect(found).toMatchObject([{ path: chosen, source: 'COWMASK_PYTHON', usable: false }])
    expect(notFound(found).message).toContain('COWMASK_PYTHON')
  })

  test('from 3.9 on can install uv', async () => {
    await using fake = await machine({ python: answer('2.7.18'), python3: answer('3.9.18') })
    const { found } = fake
    expect(installer(found)).toMatchObject({ version: '3.9.18' })
    expect(installer([])).toBeUndefined()
  })

  test('is listed once, however many names lead to it', async () => {
    await using here = await Temporary.make()
    await here.program('bin/python3', answer('3.13.0'))
    const PATH = `${here.path('bin')}:${here.path('bin')}`
    expect(places({ PATH }).filter(({ path }) => path.startsWith(here.folder))).toHaveLength(1)
  })
})
