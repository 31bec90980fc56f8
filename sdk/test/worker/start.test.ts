import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { launch } from '../../src/client.js'
import { CowMaskError, ProtocolMismatchError, PythonNotFoundError, type StartError } from '../../src/errors.js'
import { identityOf, isAlive } from '../../src/worker/process-identity.js'
import { Temporary } from './temporary.js'

const READY = '{"protocol":1,"version":"0.1.0","address":"127.0.0.1:1","pid":1}'

let here: Temporary
beforeEach(async () => {
  here = await Temporary.make()
  // So that a test sees what is left in the folder for sockets.
  vi.stubEnv('XDG_RUNTIME_DIR', here.folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await here[Symbol.asyncDispose]()
})

async function start(script: string, options: Parameters<typeof launch>[0] = {}): Promise<unknown> {
  const python = await here.program('python', `echo $$ > "${here.path('pid')}"\n${script}`)
  try {
    const client = await launch({ python, stateDir: here.path('state'), startTimeoutMs: 10_000, ...options })
    await client.close()
    return undefined
  } catch (error) {
    return error
  }
}

interface Row {
  readonly name: string
  readonly script: string
  readonly startTimeoutMs?: number
  readonly expected: Partial<Record<keyof StartError, unknown>>
}

const rows: Row[] = [
  {
    name: 'prints nothing',
    script: 'echo starting >&2; exec sleep 60',
    startTimeoutMs: 400,
    expected: { name: 'StartError', code: 'START_TIMEOUT', retryable: true, stderrTail: 'starting\n' },
  },
  {
    name: 'prints junk',
    script: 'echo hello; exec sleep 60',
    expected: { name: 'StartError', code: 'START_FAILED', message: expect.stringContaining('hello') },
  },
  {
    name: 'prints JSON that is no handshake',
    script: `echo '{"protocol":1,"version":"0.1.0"}'; exec sleep 60`,
    expected: { name: 'StartError', code: 'START_FAILED' },
  },
  {
    name: 'prints 10 MB without a line',
    script: 'head -c 10485760 /dev/zero; exec sleep 60',
    expected: { name: 'StartError', code: 'START_FAILED' },
  },
  {
    name: 'writes 10 MB to stderr and exits with 1',
    script: 'head -c 10485760 /dev/zero >&2; echo the end >&2; exit 1',
    expected: { name: 'StartError', exitCode: 1, message: expect.stringContaining('the end') },
  },
  {
    name: 'exits with 1',
    script: 'echo "ModuleNotFoundError: No module named grpc" >&2; exit 1',
    expected: { name: 'StartError', exitCode: 1, hint: expect.stringContaining('npx cowmask setup') },
  },
  { name: 'exits with 0', script: 'exit 0', expected: { name: 'StartError', exitCode: 0 } },
  { name: 'is killed', script: 'kill -9 $$', expected: { name: 'StartError', signal: 'SIGKILL' } },
  {
    name: 'tells why it cannot start',
    script: `echo '{"protocol":1,"version":"0.1.0","error":{"code":"STATE_IN_USE","message":"held by 7","hint":"stop 7"}}'; exit 1`,
    expected: {
      name: 'StartError',
      code: 'STATE_IN_USE',
      message: expect.stringContaining('held by 7'),
      hint: 'stop 7',
    },
  },
  {
    name: 'speaks a newer protocol',
    script: `echo '{"protocol":2,"version":"7.8.9","address":"127.0.0.1:1","pid":1}'; exec sleep 60`,
    expected: {
      name: 'ProtocolMismatchError',
      message: expect.stringMatching(/protocol 2 \(version 7\.8\.9\).*protocol 1/),
    },
  },
  {
    name: 'refuses our protocol',
    script: `echo '{"protocol":1,"version":"0.1.0","error":{"code":"PROTOCOL_MISMATCH","message":"client 1, worker 2"}}'; exit 1`,
    expected: { name: 'ProtocolMismatchError', message: expect.stringContaining('client 1, worker 2') },
  },
]

describe('L1, L2: a worker that does not come up', () => {
  test.each(rows)('$name', async ({ script, startTimeoutMs, expected }) => {
    const started = performance.now()
    const error = await start(script, startTimeoutMs === undefined ? {} : { startTimeoutMs })
    expect(error).toBeInstanceOf(CowMaskError)
    expect(error).toMatchObject(expected)
    expect((error as CowMaskError).hint).not.toBe('')
    expect(performance.now() - started).toBeLessThan(5000)
    // Nothing is left: neither the process nor the folder of its socket.
    const pid = Number(await readFile(here.path('pid'), 'utf8'))
    expect(isAlive({ pid })).toBe(false)
    expect(readdirSync(here.folder).filter((name) => name.startsWith('cowmask-'))).toEqual([])
  })

  test('keeps no more than 64 KiB of stderr', async () => {
    const error = (await start('head -c 1048576 /dev/zero >&2; exit 1')) as StartError
    expect(error.stderrTail).toHaveLength(64 * 1024)
  })

  test('an interpreter that is not there', async () => {
    const error = await launch({ python: here.path('none'), stateDir: here.path('state') }).catch(
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(PythonNotFoundError)
    expect((error as PythonNotFoundError).message).toContain(here.path('none'))
  })

  test('an environment that is not there', async () => {
    vi.stubEnv('COWMASK_WORKER_PYTHON', undefined)
    const launched = launch({ setup: false, cacheDir: here.path('cache') })
    await expect(launched).rejects.toMatchObject({
      name: 'EnvironmentError',
      hint: expect.stringContaining('npx cowmask setup') as string,
    })
  })

  test('knows a mismatch by its class', async () => {
    expect(await start(`echo '{"protocol":9}'`)).toBeInstanceOf(ProtocolMismatchError)
  })
})

describe('the start', () => {
  test('L5: ends when the signal aborts; nothing is left running', async () => {
    const abort = new AbortController()
    setTimeout(() => {
      abort.abort('changed my mind')
    }, 200)
    const error = await start('exec sleep 60', { signal: abort.signal })
    expect(error).toMatchObject({ name: 'CancelledError', cause: 'changed my mind' })
    expect(isAlive({ pid: Number(await readFile(here.path('pid'), 'utf8')) })).toBe(false)
  })

  test('L7, S4: tells the worker its token over stdin, in a folder that is private, and nothing by arguments', async () => {
    vi.stubEnv('MY_SECRET', 'do not pass')
    const python = await here.program(
      'python',
      `head -n 1 > "${here.path('greeting')}"; env > "${here.path('env')}"; echo "$@" > "${here.path('arguments')}"
       stat -c %a "${here.folder}"/cowmask-* > "${here.path('mode')}"; echo '${READY}'; cat > /dev/null`,
    )
    await using client = await launch({ python, stateDir: here.path('state') })
    const greeting = JSON.parse(await readFile(here.path('greeting'), 'utf8')) as Record<string, string>
    expect(greeting.token).toMatch(/^[0-9a-f]{64}$/)
    expect(greeting).toMatchObject({ protocol: 1, state_dir: here.path('state') })
    expect(existsSync(greeting.options ?? '')).toBe(true)
    expect(await readFile(here.path('mode'), 'utf8')).toBe('700\n')
    expect(await readFile(here.path('env'), 'utf8')).not.toContain('do not pass')
    const everywhere = (await readFile(here.path('env'), 'utf8')) + (await readFile(here.path('arguments'), 'utf8'))
    expect(everywhere).not.toContain(greeting.token)
    await client.close()
    await client.close()
    expect(existsSync(greeting.folder ?? '')).toBe(false)
  })
})

describe('L5: close', () => {
  test.each([
    ['that ends with its stdin', 'cat > /dev/null', 'SIGNALS_NONE', 1000],
    ['that ignores the end of its stdin', 'trap "exit 5" TERM; while :; do sleep 0.05; done', 'SIGTERM', 1500],
    ['that ignores SIGTERM, too', 'trap "" TERM; while :; do sleep 0.05; done', 'SIGKILL', 4000],
  ])('stops a worker %s', async (_, rest, __, mostMs) => {
    const started = performance.now()
    expect(await start(`echo '${READY}'; ${rest}`, { closeGraceMs: 300 })).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(mostMs + 1500)
    expect(isAlive({ pid: Number(await readFile(here.path('pid'), 'utf8')) })).toBe(false)
  })
})

describe('L6: a process', () => {
  test('is known by its number and its start, so that a number that is used again names another', async () => {
    const own = identityOf()
    expect(isAlive(own)).toBe(true)
    expect(isAlive({ ...own, start: '1' })).toBe(false)
    await sleep(1)
    expect(identityOf()).toEqual(own)
  })
})
