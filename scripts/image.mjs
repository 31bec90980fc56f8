// `npm run image -- worker|scripts`: builds an image, see docker/README.md.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SetupError, main, root, run } from './setup.mjs'

// The last installs nothing: it asks the package index for all that an accelerator's lock names.
const TARGETS = ['worker', 'scripts', 'resolved']
const ACCELERATORS = ['cpu', 'cuda12', 'cuda13', 'tpu']

const version = JSON.parse(readFileSync(join(root, 'sdk', 'package.json'), 'utf8')).version

/** What a program prints; undefined where it fails or is missing. */
export function answer(program, ...args) {
  const { status, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    cwd: root,
  })
  return status === 0 ? stdout.trim() : undefined
}

/** The first `docker` on PATH that can build with BuildKit: by its plugin buildx, or by itself as those before 23 could. */
export function docker() {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'docker'))
    .filter((path) => existsSync(path))
  const able = found.find((path) => {
    const major = /^Docker version (\d+)\./.exec(answer(path, '--version') ?? '')?.[1]
    return major !== undefined && (Number(major) < 23 || answer(path, 'buildx', 'version') !== undefined)
  })
  if (able) return able
  throw new SetupError(
    found.length > 0
      ? `${found.join(', ')} cannot build with BuildKit. Install docker-buildx, or Debian's docker.io.`
      : 'There is no `docker` on PATH. Install it, for example: apt-get install docker.io',
  )
}

/**
 * Builds a target of docker/Dockerfile on `base` and answers its tag, made of its version unless another is given.
 * Where a bundle of certificates is set for this shell, the build trusts it too.
 */
export async function buildImage({
  target,
  accelerator = 'cpu',
  base = process.env.COWMASK_BASE_IMAGE,
  tag,
  env = {},
}) {
  const name = tag ?? `cowmask-${target}:${version}-${accelerator}`
  const authorities = process.env.SSL_CERT_FILE
  const revision = answer('git', 'rev-parse', 'HEAD') ?? ''
  const flags = [
    ...['--file', 'docker/Dockerfile', '--target', target, '--tag', name],
    // Some bridges have no route to the package indexes that the host has.
    ...['--network', 'host'],
    ...['--build-arg', `ACCELERATOR=${accelerator}`],
    ...['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`],
    ...(base ? ['--build-arg', `BASE_IMAGE=${base}`] : []),
    ...(authorities && existsSync(authorities) ? ['--secret', `id=authorities,src=${authorities}`] : []),
  ]
  const variables = { ...process.env, ...env, DOCKER_BUILDKIT: '1' }
  const code = await run(docker(), ['build', '--progress', 'plain', ...flags, '.'], { env: variables })
  if (code !== 0) throw new SetupError(`docker build of ${name} ended with ${code}; its message stands above.`)
  return name
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async (args) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { accelerator: { type: 'string' }, base: { type: 'string' } },
    })
    const { accelerator = 'cpu' } = values
    const [target = 'worker', ...more] = positionals
    if (!TARGETS.includes(target) || !ACCELERATORS.includes(accelerator) || more.length > 0)
      throw new SetupError(
        `npm run image -- [${TARGETS.join('|')}] [--accelerator ${ACCELERATORS.join('|')}] [--base IMAGE]`,
      )
    console.log(await buildImage({ ...values, target }))
  })
}
