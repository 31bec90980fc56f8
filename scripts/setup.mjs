// Prepares a clone: npm packages, the SDK's build, the worker's environment. Uses Node's built-ins only, since it runs
// before anything is installed; does nothing that is in place already.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const state = join(root, '.cowmask')
const setupLock = join(state, 'setup.lock')
const anotherSetup = 'another set-up of this clone'

/** What stops the set-up, told without a stack. */
export class SetupError extends Error {}

/** Runs a program to its end; its output goes to stderr, so that stdout stays the caller's. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['inherit', 2, 2], ...options })
    // The terminal sends Ctrl-C to the child too, which may have something to finish: wait for it.
    const wait = () => {}
    process.on('SIGINT', wait)
    child.once('error', (error) => {
      reject(new SetupError(`Could not start ${program}: ${error.message}`))
    })
    child.once('exit', (code, signal) => {
      process.off('SIGINT', wait)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

function filesBelow(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function fingerprint(files) {
  const hash = createHash('sha256').update(process.version)
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

/** Runs `make` unless the stamp says that it has run on exactly these files and `product` is still there. */
async function unlessStamped(name, files, product, make) {
  const stamp = join(state, `${name}.stamp`)
  const wanted = fingerprint(files)
  if (existsSync(product) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  rmSync(stamp, { force: true })
  await make()
  writeFileSync(stamp, wanted)
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Holds a lock file while `work` runs; waits for another who holds it, takes over from a dead one. */
export async function locked(lock, waiting, log, work) {
  mkdirSync(dirname(lock), { recursive: true })
  let told = false
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
    // An owner that has not written its number yet reads as 0: wait for it.
    if (owner > 0 && !alive(owner)) rmSync(lock, { force: true })
    else {
      if (!told) log(`waiting for ${waiting} (process ${owner})`)
      told = true
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new SetupError(
    `Node ${process.versions.node} is too old: CowMask needs 20.19 or newer. ` +
      'Install it from https://nodejs.org or with your version manager (for example: nvm install 22).',
  )
}

/** Runs npm. It runs this script itself as `npm run ...` and then says where it is; else it is on PATH. */
export function npm(...args) {
  const cli = process.env.npm_execpath
  const [program, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  return run(program, [...first, ...args, '--ignore-scripts', '--loglevel=error'])
}

async function installPackages(log) {
  const files = ['package-lock.json', 'package.json', 'sdk/package.json', '.npmrc'].map((name) => join(root, name))
  await unlessStamped('npm', files, join(root, 'node_modules', '.package-lock.json'), async () => {
    log('installing npm packages (npm ci)')
    const started = performance.now()
    const code = await npm('ci', '--no-audit', '--no-fund')
    if (code !== 0) {
      throw new SetupError(
        `npm ci ended with ${code}; its message stands above. With no network, a filled npm cache does: npm ci --offline --ignore-scripts`,
      )
    }
    log(`npm packages installed in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  })
}

async function buildSdk(log) {
  const sources = filesBelow(join(root, 'sdk', 'src'))
  const settings = ['package-lock.json', 'tsconfig.base.json', 'sdk/tsconfig.json'].map((name) => join(root, name))
  await unlessStamped('build', [...sources, ...settings], join(root, 'sdk', 'dist', 'index.js'), async () => {
    log('building the SDK')
    rmSync(join(root, 'sdk', 'dist'), { recursive: true, force: true })
    const code = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'sdk'])
    if (code !== 0) throw new SetupError(`The SDK does not compile (tsc ended with ${code}); the errors stand above.`)
    // `npm ci` could neither link nor make executable what was not built yet, and `npx cowmask` needs both.
    chmodSync(join(root, 'sdk', 'dist', 'cli', 'main.js'), 0o755)
    if (!existsSync(join(root, 'node_modules', '.bin', 'cowmask'))) await npm('rebuild', 'cowmask')
  })
}

/** Prepares the npm side alone: packages and build. */
export async function setupSdk(log) {
  checkNode()
  await locked(setupLock, anotherSetup, log, async () => {
    await installPackages(log)
    await buildSdk(log)
  })
}

/**
 * Prepares everything and answers the worker environment's interpreter.
 * `variant` is a lock in server-py/locks: "cpu" to use CowMask, "dev" to test it.
 */
export async function setup({ variant, log }) {
  checkNode()
  return locked(setupLock, anotherSetup, log, async () => {
    await installPackages(log)
    await buildSdk(log)
    if (process.env.COWMASK_WORKER_PYTHON) return process.env.COWMASK_WORKER_PYTHON
    const sdk = await import(pathToFileURL(join(root, 'sdk', 'dist', 'index.js')).href)
    const environment = await sdk.setup({ variant, onProgress: ({ message }) => log(message) })
    return environment.python
  })
}

/** Runs a script's main function; a SetupError is told in one line, anything else with its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? 0
  } catch (error) {
    // The SDK's own errors say in words what to do; where they come from is of no use.
    const told = error instanceof SetupError || typeof error?.hint === 'string'
    console.error(told ? `\n${[error.message, error.hint].filter(Boolean).join('\n')}` : error)
    process.exitCode = 1
  }
}

/** The log of scripts: lines on stderr. */
export function log(message) {
  console.error(`[setup] ${message}`)
}

/** Runs a TypeScript program of this clone through tsx, with more variables, and answers its exit code. */
export function runTypeScript(file, args, variables = {}) {
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs')
  return run(process.execPath, [tsx, join(root, file), ...args], {
    stdio: 'inherit',
    cwd: process.env.INIT_CWD ?? root,
    env: { ...process.env, ...variables },
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    log(`ready: ${await setup({ variant: 'cpu', log })}`)
  })
}
