import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { connect } from 'cowmask'
import { describe, expect, test } from 'vitest'

import { temporaryFolder } from './worker.js'

const cli = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))

function cowmask(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, stdout, stderr }))
  return { child, ended }
}

describe('a worker to connect to', () => {
  test('S2: is served until SIGTERM, to those who have its token', async () => {
    await using here = await temporaryFolder()
    const { child, ended } = cowmask('serve', '--state-dir', here.path)
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { address } = JSON.parse(line.toString()) as { address: string }
    const tokenFile = join(here.path, 'token')
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)
    const token = (await readFile(tokenFile, 'utf8')).trim()

    await using client = await connect({ address, token })
    expect((await client.masks.cow({ count: 1, height: 8, width: 8 })).count).toBe(1)
    await expect(connect({ address, token: 'f'.repeat(64) })).rejects.toMatchObject({
      name: 'RemoteError',
      code: 'UNAUTHENTICATED',
    })

    const flags = ['--address', address, '--token-file', tokenFile]
    const runs = await cowmask('runs', 'list', ...flags, '--json').ended
    expect(runs).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
    const missing = await cowmask('runs', 'show', 'run_none', ...flags, '--json').ended
    expect(missing).toMatchObject({ code: 1, stdout: '' })
    expect(JSON.parse(missing.stderr)).toMatchObject({ error: { code: 'RUN_NOT_FOUND' } })

    // Closing a client that has connected leaves the worker alone.
    await client.close()
    await using another = await connect({ address, token })
    expect((await another.system.info()).protocol).toBe(1)
    await another.close()
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
  })

  test('that is not there is told as such', async () => {
    const connecting = connect({ address: '127.0.0.1:1', token: 'x'.repeat(64), timeoutMs: 3000 })
    await expect(connecting).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|TIMEOUT/) as string,
      retryable: true,
    })
  })
})

describe('the command line', () => {
  test.each([
    [['masks', 'x.png', '--sigma', '9', '3'], 2, 'sigma'],
    [['masks', 'x.png', '--count', 'many'], 1, 'must be a number'],
    [['runs', 'list', '--address', '127.0.0.1:1'], 2, 'COWMASK_TOKEN'],
    [['setup', '--accelerator', 'abacus'], 1, 'Allowed choices are cpu, cuda12, cuda13, tpu'],
  ])('%j ends with %d', async (args, code, text) => {
    await using here = await temporaryFolder()
    const ended = await cowmask(...args, ...(args[0] === 'masks' ? ['--state-dir', here.path] : [])).ended
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(text)
  })
})
