// A Docker engine for the tests of containers: the one that runs, else one of our own, started here and stopped again.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { answer } from './image.mjs'
import { SetupError, locked } from './setup.mjs'

const START_MS = 60_000
const STOP_MS = 60_000

/** Why there is no engine, in one line. */
export class NoEngine extends SetupError {}

/** Kept between runs: images, wheels and build layers are made once. */
function engineFolder() {
  const cache =
    process.env.COWMASK_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cowmask')
  return join(cache, 'docker')
}

function dockerd() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, 'dockerd')).find((path) => existsSync(path))
}

const answers = (docker, host) =>
  answer(docker, ...(host ? ['--host', host] : []), 'version', '--format', '{{.Server.Version}}')

function alive(pid) {
  try {
    // A dead process that nobody has reaped still has a number.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function until(done, timeoutMs) {
  const deadline = performance.now() + timeoutMs
  while (!done()) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return true
}

/**
 * Calls `work` with the engine's variables: `DOCKER_HOST` where it is our own.
 *
 * @throws NoEngine where none runs and none can be started
 */
export async function withEngine(docker, log, work) {
  if (answers(docker)) return work({})
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new NoEngine('no Docker engine runs, and only root on Linux can start one')
  const daemon = dockerd()
  if (!daemon) throw new NoEngine('no Docker engine runs, and dockerd is not installed (apt-get install docker.io)')
  const folder = engineFolder()
  mkdirSync(folder, { recursive: true })
  return locked(join(folder, 'lock'), 'another run of the container tests', log, async () => {
    // Paths of sockets must be short.
    const run = mkdtempSync(join(tmpdir(), 'cowmask-engine-'))
    const host = `unix://${join(run, 'docker.sock')}`
    const pidFile = join(run, 'dockerd.pid')
    const logFile = join(folder, 'dockerd.log')
    const flags = [
      '--data-root',
      join(folder, 'data'),
      '--exec-root',
      join(run, 'exec'),
      '--pidfile',
      pidFile,
      '--host',
      host,
    ]
    const output = openSync(logFile, 'w')
    const child = spawn(daemon, flags, { stdio: ['ignore', output, output], detached: true })
    let ended = false
    child.once('error', () => (ended = true))
    child.once('exit', () => (ended = true))
    const stop = async () => {
      const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0
      if (pid > 0 && alive(pid)) {
        process.kill(pid, 'SIGTERM')
        if (!(await until(() => ended || !alive(pid), STOP_MS))) process.kill(pid, 'SIGKILL')
      }
      // It leaves the networks' namespaces mounted.
      const namespaces = join(run, 'exec', 'netns')
      for (const name of existsSync(namespaces) ? readdirSync(namespaces) : []) answer('umount', join(namespaces, name))
      rmSync(run, { recursive: true, force: true })
    }
    // Ctrl-C reaches what `work` runs, and `work` ends then.
    const interrupted = () => {}
    const terminated = () => void stop().then(() => process.exit(143))
    process.on('SIGINT', interrupted)
    process.on('SIGTERM', terminated)
    try {
      await until(() => ended || answers(docker, host) !== undefined, START_MS)
      if (!answers(docker, host)) {
        const why = readFileSync(logFile, 'utf8').trim().split('\n').at(-1)
        throw new NoEngine(`dockerd does not start here: ${why}`)
      }
      log(`dockerd ${answers(docker, host)} on ${folder}`)
      return await work({ DOCKER_HOST: host })
    } finally {
      await stop()
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', terminated)
    }
  })
}
