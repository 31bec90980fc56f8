// The images that tests and figures are taken of, built on an engine that is there or started for it.
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { NoEngine, withEngine } from './container-engine.mjs'
import { buildImage, docker } from './image.mjs'
import { SetupError, root, run } from './setup.mjs'

const BASE = 'cowmask-base:trixie'
const log = (message) => {
  console.error(`[containers] ${message}`)
}

/** `COWMASK_BASE_IMAGE`; else one out of Debian's packages, where root can make it; else what the Dockerfile names. */
async function baseImage(program, variables) {
  if (process.env.COWMASK_BASE_IMAGE) return process.env.COWMASK_BASE_IMAGE
  const env = { ...process.env, ...variables }
  if (existsSync('/usr/sbin/debootstrap') && process.getuid() === 0) {
    const there = await run(program, ['image', 'inspect', '--format', '{{.Id}}', BASE], { env, stdio: 'ignore' })
    if (there === 0) return BASE
    log(`making ${BASE}`)
    const code = await run(join(root, 'docker', 'base-image.sh'), [BASE], { env })
    if (code !== 0) throw new NoEngine(`no base for the images can be made: docker/base-image.sh ended with ${code}`)
    return BASE
  }
  return undefined
}

/**
 * Calls `work` with the variables by which tests find the engine and the images.
 *
 * @throws NoEngine where no engine or no base image can be had
 */
export async function withImages(work) {
  const program = dockerProgram()
  return withEngine(program, log, async (engine) => {
    const variables = { ...engine, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` }
    const base = await baseImage(program, variables)
    const built = {}
    for (const target of ['worker', 'scripts']) {
      const started = performance.now()
      built[target] = await buildImage({ target, base, env: variables })
      log(`${built[target]} in ${((performance.now() - started) / 1000).toFixed(1)} s`)
    }
    // On an engine of our own nobody else has a use for what these images have replaced.
    if (engine.DOCKER_HOST)
      await run(program, ['image', 'prune', '--force'], { env: { ...process.env, ...variables }, stdio: 'ignore' })
    return work({
      ...variables,
      ...(base ? { COWMASK_BASE_IMAGE: base } : {}),
      COWMASK_WORKER_IMAGE: built.worker,
      COWMASK_SCRIPTS_IMAGE: built.scripts,
      // Its image could not be pulled everywhere; what tests start, they end.
      TESTCONTAINERS_RYUK_DISABLED: 'true',
    })
  })
}

function dockerProgram() {
  try {
    return docker()
  } catch (error) {
    if (error instanceof SetupError) throw new NoEngine(error.message)
    throw error
  }
}
