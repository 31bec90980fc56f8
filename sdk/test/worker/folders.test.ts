import { mkdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { afterEach, describe, expect, test, vi } from 'vitest'

import { cacheFolder, compileCacheFolder, privateFolder, stateFolder } from '../../src/worker/folders.js'
import { workerVariables } from '../../src/worker/variables.js'
import { Temporary } from './temporary.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('folders', () => {
  test.each([
    [{ COWMASK_CACHE_DIR: '/c', XDG_CACHE_HOME: '/x' }, 'linux', '/c'],
    [{ XDG_CACHE_HOME: '/x' }, 'linux', '/x/cowmask'],
    [{}, 'linux', join(homedir(), '.cache/cowmask')],
    [{}, 'darwin', join(homedir(), 'Library/Caches/cowmask')],
  ] as const)('%j on %s keep caches in %s', (variables, platform, folder) => {
    expect(cacheFolder(variables, platform)).toBe(folder)
  })

  test.each([
    [{ COWMASK_STATE_DIR: '/s', XDG_DATA_HOME: '/x' }, '/s'],
    [{ XDG_DATA_HOME: '/x' }, '/x/cowmask'],
    [{}, join(homedir(), '.local/share/cowmask')],
  ])('%j keep runs in %s', (variables, folder) => {
    expect(stateFolder(variables, 'linux')).toBe(folder)
  })

  test("L7, S10: of sockets and of compiled programs are the user's alone", async () => {
    await using here = await Temporary.make()
    const socket = privateFolder({ XDG_RUNTIME_DIR: here.folder })
    expect(socket.startsWith(here.folder)).toBe(true)
    const compiled = await compileCacheFolder(here.path('cache'), {})
    for (const folder of [socket, compiled]) expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  test('L7: of sockets are short where the first place makes too long a path', async () => {
    await using here = await Temporary.make()
    const long = here.path('x'.repeat(90))
    await mkdir(long)
    vi.stubEnv('TMPDIR', long)
    const folder = privateFolder({ XDG_RUNTIME_DIR: long })
    try {
      expect(Buffer.byteLength(join(folder, 'worker.sock'))).toBeLessThanOrEqual(107)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('the environment of a worker', () => {
  test('holds what is on the list and what is added, nothing else', () => {
    const own = {
      PATH: '/bin',
      LC_ALL: 'C',
      AWS_SECRET_ACCESS_KEY: 'x',
      CUDA_VISIBLE_DEVICES: '1',
      NODE_OPTIONS: '-x',
      PYTHONPATH: 'y',
    }
    expect(workerVariables({ ADDED: '1' }, own)).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      CUDA_VISIBLE_DEVICES: '1',
      ADDED: '1',
    })
  })
})
