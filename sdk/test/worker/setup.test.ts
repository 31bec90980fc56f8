import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { doctor, renderDiagnosis } from '../../src/worker/doctor.js'
import { type SetupProgress, setup } from '../../src/worker/setup.js'
import { Temporary } from './temporary.js'

// The index is out of reach here, so a shell script stands in for uv: it notes what it is asked, and its environments
// hold whatever packages the interpreter of these tests has.
const real = process.env.COWMASK_WORKER_PYTHON ?? 'python3'
const UV = `
echo "$@" >> "$LOG"
case "$1" in
  --version) echo "uv 9.9.9" ;;
  venv) for folder; do :; done; mkdir -p "$folder/bin"
    printf '#!/bin/sh\\nexec "${real}" "$@"\\n' > "$folder/bin/python"; chmod +x "$folder/bin/python" ;;
  pip) echo "Installed 99 packages" >&2; sleep 0.3; $FAIL ;;
esac`

let here: Temporary
beforeEach(async () => {
  here = await Temporary.make()
  await here.program('bin/uv', UV.replaceAll('$LOG', here.path('log')).replaceAll('$FAIL', 'exit ${UV_FAILS:-0}'))
  vi.stubEnv('PATH', `${here.path('bin')}:${process.env.PATH ?? ''}`)
  vi.stubEnv('COWMASK_WORKER_PYTHON', undefined)
  vi.stubEnv('COWMASK_PYTHON', await here.program('python', `exec "${real}" "$@"`))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await here[Symbol.asyncDispose]()
})

const installs = async () =>
  (await readFile(here.path('log'), 'utf8')).split('\n').filter((line) => line.startsWith('pip install'))

describe('setup', () => {
  test('S9: makes an environment from hashed requirements once, though three ask at the same time', async () => {
    const cacheDir = here.path('cache')
    const steps: SetupProgress['step'][] = []
    const all = await Promise.all([1, 2, 3].map(() => setup({ cacheDir, onProgress: ({ step }) => steps.push(step) })))
    expect(new Set(all.map(({ python }) => python)).size).toBe(1)
    expect(all[0]).toMatchObject({ variant: 'cpu', lock: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
    expect(await installs()).toHaveLength(1)
    expect((await installs())[0]).toMatch(/--require-hashes --compile-bytecode -r .*cpu\.txt$/)
    expect(steps).toContain('install')
    expect(steps.filter((step) => step === 'done')).toHaveLength(3)
    expect(await doctor({ cacheDir })).toMatchObject({ ok: true, environment: { python: all[0]?.python } })
  })

  test('that fails tells the step and what it printed, and leaves nothing half made', async () => {
    vi.stubEnv('UV_FAILS', '3')
    const cacheDir = here.path('cache')
    await expect(setup({ cacheDir })).rejects.toMatchObject({
      name: 'EnvironmentError',
      message: expect.stringMatching(/Installing the packages failed(.|\n)*Installed 99 packages/) as string,
    })
    expect(readdirSync(here.path('cache', 'environments'))).toEqual([])
  })

  test('ends when its signal aborts', async () => {
    const abort = new AbortController()
    const onProgress = ({ step }: SetupProgress) => {
      if (step === 'install') abort.abort('stop')
    }
    const made = setup({ cacheDir: here.path('cache'), onProgress, signal: abort.signal })
    await expect(made).rejects.toMatchObject({ name: 'CancelledError', cause: 'stop' })
    expect(readdirSync(here.path('cache', 'environments'))).toEqual([])
  })

  test('refuses an accelerator that there is not', async () => {
    await expect(setup({ accelerator: 'cuda99' as 'cpu' })).rejects.toMatchObject({
      violations: [{ path: 'accelerator' }],
    })
  })
})

describe('doctor', () => {
  test('changes nothing, and names the command that mends', async () => {
    const diagnosis = await doctor({ cacheDir: here.path('cache') })
    expect(diagnosis).toMatchObject({ ok: false, uv: { version: '9.9.9' }, problems: [{ mend: 'npx cowmask setup' }] })
    expect(renderDiagnosis(diagnosis)).toContain('mend: npx cowmask setup')
    expect(existsSync(here.path('cache'))).toBe(false)
  })

  test('says what an interpreter answered that cannot be used', async () => {
    vi.stubEnv('COWMASK_PYTHON', await here.program('old', 'echo "it is broken" >&2; exit 1'))
    const { problems, pythons } = await doctor({ cacheDir: here.path('cache') })
    expect(pythons).toMatchObject([{ usable: false, reason: 'answered: it is broken' }])
    expect(problems[0]?.what).toContain('it is broken')
  })
})
