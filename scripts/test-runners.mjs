// What runs tests of either language and adds up what they counted.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NoEngine } from './container-engine.mjs'
import { withImages } from './container-images.mjs'
import { SetupError, root, run } from './setup.mjs'

const none = { passed: 0, failed: 0, skipped: 0 }

/** A runner that ends badly without a failed test (or leaves no report) counts as one failure. */
function settled(counts, code, runner) {
  if (code === 0 || counts.failed > 0) return counts
  console.error(`${runner} ended with ${code}`)
  return { ...counts, failed: 1 }
}

/** Runs the SDK's tests and those across the languages; `args` go to vitest. */
export const vitest = (folder, args, { env }) => runVitest(folder, 'vitest', args, env)

async function runVitest(folder, name, args, env) {
  const report = join(folder, `${name}.json`)
  const cli = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const code = await run(
    process.execPath,
    [cli, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
    {
      stdio: 'inherit',
      env,
    },
  )
  if (!existsSync(report)) return settled(none, code || 1, name)
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
  return settled(
    { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests },
    code,
    name,
  )
}

/** Runs the tests of the images in containers; skips them all where no Docker engine can run, and says why. */
export async function containers(folder, args, { env }) {
  const test = (more) =>
    runVitest(folder, 'containers', ['--config', 'test/containers/vitest.config.ts', ...args], { ...env, ...more })
  try {
    return await withImages(test)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    if (!(error instanceof NoEngine)) return settled(none, error.message, 'building the images')
    const counts = await test({ COWMASK_CONTAINERS_SKIP: error.message })
    console.log(`The tests of the images are skipped: ${error.message}.`)
    return counts
  }
}

/** Runs the worker's tests, a process for every core, the tests of a file in one; `args` go to pytest. */
export async function pytest(folder, args, { env, python }) {
  const report = join(folder, 'pytest.xml')
  const code = await run(
    python,
    ['-m', 'pytest', '-n', 'auto', '--dist', 'loadfile', `--junit-xml=${report}`, ...args],
    {
      cwd: join(root, 'server-py'),
      stdio: 'inherit',
      env,
    },
  )
  if (!existsSync(report)) return settled(none, code || 1, 'pytest')
  const [, attributes] = /<testsuite ([^>]*)>/.exec(readFileSync(report, 'utf8'))
  const count = (name) => Number(new RegExp(`${name}="(\\d+)"`).exec(attributes)[1])
  const failed = count('failures') + count('errors')
  return settled(
    { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') },
    code,
    'pytest',
  )
}

/** Runs the runners one after the other, each with `args`, prints the sum as the last line, answers the exit code. */
export async function runTests(runners, args, python) {
  const folder = mkdtempSync(join(tmpdir(), 'cowmask-test-'))
  const env = {
    ...process.env,
    COWMASK_WORKER_PYTHON: python,
    // One compile cache for all tests of this clone; every worker's own files go to a folder that is removed.
    COWMASK_COMPILE_CACHE_DIR: join(root, '.cowmask', 'compile-cache'),
    JAX_COMPILATION_CACHE_DIR: join(root, '.cowmask', 'compile-cache'),
    COWMASK_STATE_DIR: join(folder, 'state'),
    COWMASK_DATA_DIR: join(folder, 'datasets'),
  }
  const results = []
  try {
    for (const runner of runners) results.push(await runner(folder, args, { env, python }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const sum = (name) => results.reduce((total, counts) => total + counts[name], 0)
  const skipped = sum('skipped')
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return sum('failed') > 0 || sum('passed') + skipped === 0 ? 1 : 0
}
