import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type CowMask, type ExperimentConfig, UnavailableError, connect } from 'cowmask'

import { issueClient, issueServer, makeAuthority, validFor } from '../sdk/src/certificates.js'
import { type Row, measured, median } from './row.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const python = process.env.COWMASK_WORKER_PYTHON ?? ''
const image = process.env.COWMASK_WORKER_IMAGE ?? ''
const base = process.env.COWMASK_BASE_IMAGE ?? 'python:3.13-slim'
const PORT = 50051
const TOKEN = 'bench-token-0123456789'

const shell = async (script: string, ...args: string[]): Promise<string> => {
  const { stdout } = await run('sh', ['-c', `set -eu\n${script}`, 'sh', ...args], { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** Compressed as a registry would keep it, against its base and the wheels of its lock, which are compressed already. */
async function size(): Promise<Row> {
  const compressed = async (name: string) => Number(await shell('docker save "$1" | gzip -6 | wc -c', name)) / 1e6
  const fetch = `python3 -m venv /tmp/environment
/tmp/environment/bin/pip download --quiet --no-deps --only-binary :all: --require-hashes -r /lock.txt -d /tmp/wheels >&2
cat /tmp/wheels/* | wc -c`
  const authorities = process.env.SSL_CERT_FILE
  const trust = authorities ? `--volume ${authorities}:/authorities.crt:ro --env PIP_CERT=/authorities.crt` : ''
  const lock = join(root, 'server-py', 'locks', 'cpu.txt')
  const command = `docker run --rm --network host ${trust} --volume "$1:/lock.txt:ro" "$2" sh -ec "$3"`
  const wheels = Number((await shell(command, lock, base, fetch)).split('\n').at(-1)) / 1e6
  const baseSize = await compressed(base)
  return measured({
    name: 'image of the worker, compressed',
    unit: 'MB',
    ours: [await compressed(image)],
    baselineName: 'base and wheels',
    baseline: [baseSize + wheels],
    target: 'at most 1.15 times',
    holds: (_, ratio) => ratio <= 1.15,
    detail: `base ${baseSize.toFixed(0)} MB, wheels ${wheels.toFixed(0)} MB`,
  })
}

/** The image again after one line of the worker has changed, from a copy of the sources. */
async function rebuild(folder: string, repeats: number): Promise<Row> {
  const sources = join(folder, 'sources')
  for (const name of ['docker', 'server-py', 'proto', 'scripts', 'sdk/package.json'])
    await cp(join(root, name), join(sources, name), {
      recursive: true,
      filter: (path) => !path.includes('__pycache__'),
    })
  const { buildImage } = (await import(join(sources, 'scripts', 'image.mjs'))) as {
    buildImage: (options: { target: string; tag: string }) => Promise<string>
  }
  const build = async () => {
    const started = performance.now()
    await buildImage({ target: 'worker', tag: 'cowmask-worker:rebuild' })
    return (performance.now() - started) / 1000
  }
  const unchanged: number[] = []
  const changed: number[] = []
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    unchanged.push(await build())
    await appendFile(join(sources, 'server-py', 'cowmask_worker', '__init__.py'), `# ${String(Date.now())}\n`)
    changed.push(await build())
  }
  await shell('docker rmi --force cowmask-worker:rebuild')
  return measured({
    name: 'rebuild after a change of the worker',
    unit: 's',
    ours: changed,
    baselineName: 'a build with no change',
    baseline: unchanged,
    target: 'below 20 s',
    holds: (ours) => ours < 20,
  })
}

interface Served {
  readonly cowmask: CowMask
  readonly stop: () => Promise<unknown>
}

/** Workers inside and outside a container, both over TLS on this machine. */
async function workers(folder: string) {
  const secrets = join(folder, 'secrets')
  await mkdir(secrets)
  const authority = await makeAuthority('bench', validFor(1))
  const server = await issueServer(authority, ['localhost'], validFor(1))
  const client = await issueClient(authority, validFor(1))
  const files = {
    token: TOKEN,
    'authority.pem': authority.certificate,
    'server.pem': server.certificate,
    'server-key.pem': server.key,
  }
  // The image's user is another than ours.
  for (const [name, content] of Object.entries(files)) await writeFile(join(secrets, name), content, { mode: 0o644 })
  await chmod(secrets, 0o755)
  const tls = {
    authority: join(secrets, 'authority.pem'),
    certificate: Buffer.from(client.certificate),
    key: Buffer.from(client.key),
  }
  // The engine takes connections before the worker does, and hangs up on them.
  const reach = async (port: string): Promise<CowMask> => {
    const deadline = performance.now() + 60_000
    for (;;) {
      try {
        return await connect({ address: `localhost:${port}`, token: TOKEN, tls, timeoutMs: 10_000 })
      } catch (error) {
        if (!(error instanceof UnavailableError) || performance.now() > deadline) throw error
      }
      await setTimeout(5)
    }
  }

  async function inside(): Promise<Served> {
    const flags = '--detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges'
    const command = `docker run ${flags} --publish 127.0.0.1::${String(PORT)} --volume "$1:/run/secrets:ro" "$2"`
    const id = await shell(command, secrets, image)
    const port = (await shell(`docker port "$1" ${String(PORT)}`, id)).split(':').at(-1) ?? ''
    const stop = () => shell('docker rm --force --volumes "$1"', id)
    try {
      return { cowmask: await reach(port), stop }
    } catch (error) {
      await stop()
      throw error
    }
  }

  async function outside(): Promise<Served> {
    const state = await mkdtemp(join(folder, 'state-'))
    const flags = ['--token-file', join(secrets, 'token'), '--state-dir', state]
    const encrypted = ['--tls-certificate', join(secrets, 'server.pem'), '--tls-key', join(secrets, 'server-key.pem')]
    const mutual = ['--tls-client-authority', join(secrets, 'authority.pem')]
    const program = join(root, 'server-py', 'run.py')
    const all = ['-I', program, 'serve', '--listen', 'localhost:0', ...flags, ...encrypted, ...mutual]
    const child = spawn(python, all, { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = once(child, 'exit')
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { address } = JSON.parse(line.toString()) as { address: string }
    return {
      cowmask: await reach(address.split(':').at(-1) ?? ''),
      stop: () => {
        child.kill('SIGTERM')
        return ended
      },
    }
  }
  return { inside, outside }
}

type Workers = Awaited<ReturnType<typeof workers>>

/** Until health says that it serves, which is when the device that runs train on has computed: `devices()` waits for that. */
async function start({ inside, outside }: Workers, repeats: number): Promise<Row> {
  const timed = async (begin: () => Promise<Served>) => {
    const started = performance.now()
    const { cowmask, stop } = await begin()
    await cowmask.system.devices()
    const tookMs = performance.now() - started
    await cowmask.close()
    await stop()
    return tookMs
  }
  const ours: number[] = []
  const baseline: number[] = []
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    ours.push(await timed(inside))
    baseline.push(await timed(outside))
  }
  const idle: number[] = []
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const started = performance.now()
    await shell('docker run --rm --publish 127.0.0.1::1 --entrypoint true "$1"', image)
    idle.push(performance.now() - started)
  }
  return measured({
    name: 'docker run until it is healthy',
    unit: 'ms',
    ours,
    baselineName: 'the bare process',
    baseline,
    target: 'at most 1.5 times',
    holds: (_, ratio) => ratio <= 1.5,
    detail: `docker run of a program that ends at once: ${median(idle).toFixed(0)} ms`,
  })
}

const experiment: ExperimentConfig = {
  dataset: { name: 'digits', labeled: 40, seed: 1 },
  model: { name: 'wide_resnet', depth: 10, width: 1 },
  mix: { kind: 'cowmix', weight: 30 },
  evaluateEvery: 100_000,
  checkpointEvery: 100_000,
}

/** Both train in turn, a stretch each, so that a busy machine slows them alike; the first stretch compiles. */
async function stepRate({ inside, outside }: Workers, stretches: number, steps: number): Promise<Row> {
  const sides = {
    inside: { served: await inside(), rates: [] as number[] },
    outside: { served: await outside(), rates: [] as number[] },
  }
  try {
    for (let stretch = 0; stretch <= stretches; stretch += 1)
      for (const { served, rates } of Object.values(sides)) {
        const started = await served.cowmask.experiments.start({ ...experiment, steps })
        const speeds: number[] = []
        for await (const event of started.events()) if (event.type === 'metrics') speeds.push(event.stepsPerSecond)
        if (stretch > 0) rates.push(median(speeds))
      }
  } finally {
    for (const { served } of Object.values(sides)) {
      await served.cowmask.close()
      await served.stop()
    }
  }
  return measured({
    name: 'steps a second inside the container',
    unit: '1/s',
    ours: sides.inside.rates,
    baselineName: 'outside',
    baseline: sides.outside.rates,
    target: 'within 3 %',
    holds: (_, ratio) => ratio >= 0.97,
  })
}

/** The image of the worker for the CPU, on the engine that `npm run bench -- containers` has found or started. */
export async function* containerRows(quick: boolean): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  try {
    yield await size()
    yield await rebuild(folder, quick ? 1 : 3)
    const both = await workers(folder)
    yield await start(both, quick ? 3 : 7)
    yield await stepRate(both, quick ? 3 : 5, quick ? 60 : 200)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
