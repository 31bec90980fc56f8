import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, symlink } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { temporaryFolder } from '../sdk/worker.js'
import { describeImages, docker } from './docker.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

/** The commands of the page's part on containers, in their order. */
async function commands(kind: string): Promise<string> {
  const page = await readFile(join(root, 'docs', 'deployment.md'), 'utf8')
  const part = page.split('\n## ').find((text) => text.startsWith('In a container')) ?? ''
  const blocks = [...part.matchAll(/```(.*)\n([\s\S]*?)```/g)].filter(([, info]) => info === kind)
  expect(blocks.length).toBeGreaterThan(0)
  return blocks.map(([, , text]) => text).join('\n')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A folder that looks like a clone, and is gone after the test. */
async function clone() {
  const here = await temporaryFolder()
  for (const name of ['package.json', 'scripts', 'docker', 'node_modules'])
    await symlink(join(root, name), join(here.path, name))
  return here
}

const bash = (script: string, cwd: string, env: Readonly<Record<string, string>> = {}) =>
  run('bash', ['-c', `set -euo pipefail\n${script}`], {
    cwd,
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })

/** Compose as a plugin or as a program of its own; undefined where there is neither. */
async function compose(): Promise<string | undefined> {
  for (const command of ['docker compose', 'docker-compose'])
    if (await bash(`${command} version`, root).then(Boolean, () => false)) return command
  return undefined
}

/** Everything of the engine's whose name begins with this one. */
async function remove(name: string): Promise<void> {
  const found = async (...list: string[]) =>
    (await docker(...list, '--filter', `name=${name}`)).split('\n').filter(Boolean)
  const containers = await found('ps', '--all', '--quiet')
  if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers)
  const volumes = await found('volume', 'ls', '--quiet')
  if (volumes.length > 0) await docker('volume', 'rm', '--force', ...volumes)
  const networks = await found('network', 'ls', '--quiet')
  if (networks.length > 0) await docker('network', 'rm', ...networks)
}

describeImages('docs/deployment.md', () => {
  test('S3, L4: takes a new user from nothing to a training over TLS, by its own commands', async () => {
    await using here = await clone()
    const name = `cowmask-test-${randomBytes(4).toString('hex')}`
    const port = String(await freePort())
    const own = (text: string) =>
      text
        .replaceAll('cowmask-1', name)
        .replaceAll('--publish 50051:', `--publish 127.0.0.1:${port}:`)
        .replaceAll('localhost:50051', `localhost:${port}`)
    try {
      const { stdout } = await bash(own(await commands('sh')), here.path)
      expect(stdout).toContain('step 50: loss')
      expect(stdout).toMatch(/test error of the teacher: 0\.\d+/)
      expect(await docker('logs', name)).toContain('"address": "0.0.0.0:50051"')

      const program = await compose()
      if (program === undefined) {
        console.warn('The commands for Compose are not run: neither `docker compose` nor `docker-compose` is here.')
        return
      }
      const text = (await commands('sh compose')).replaceAll('docker compose', `${program} --project-name ${name}`)
      const up = await bash(text, here.path, { COWMASK_PUBLISH: '127.0.0.1:' })
      expect(up.stdout).toContain('test error of the teacher')
    } finally {
      await remove(name)
    }
  })
})
