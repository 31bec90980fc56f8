import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { type Row, failed } from './row.js'

interface Asked {
  /** A checkout of the authors' code. */
  readonly folder: string
  /** An interpreter that can import it. */
  readonly python: string
  readonly quick: boolean
  /** Of the fresh inputs. */
  readonly seed: number
  /** Where the vectors go. */
  readonly out: string
}

/** Has the authors' code compute on fresh inputs; answers a failed row where that is not possible. */
export async function recordReference(
  { folder, python, quick, seed, out }: Asked,
  tell: (line: string) => void,
): Promise<Row | undefined> {
  const probe = fileURLToPath(new URL('reference_probe', import.meta.url))
  const args = [probe, '--reference', folder, '--out', out, '--seed', String(seed), ...(quick ? ['--quick'] : [])]
  tell(`the reference computes; --seed ${String(seed)} repeats its inputs`)
  // PYTHONPATH and the like belong to another interpreter.
  const env = { JAX_PLATFORMS: 'cpu', PYTHONDONTWRITEBYTECODE: '1' }
  const recording = execa(python, ['-I', ...args], { stdin: 'ignore', reject: false, env, buffer: true })
  recording.stderr.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trimEnd().split('\n')) tell(line)
  })
  const { code, exitCode, stdout, stderr } = await recording
  if (exitCode === 0) return undefined
  if (code === 'ENOENT') return failed('reference', folder, `There is no interpreter ${python}.`)
  const [lastWords = ''] = stderr.trim().split('\n').slice(-1)
  return failed('reference', folder, reasonOf(stdout) ?? `The interpreter ended with ${String(exitCode)}: ${lastWords}`)
}

/** What the probe says for itself, a JSON line. */
function reasonOf(stdout: string): string | undefined {
  try {
    const { error, hint } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { error?: string; hint?: string }
    return error === undefined ? undefined : `${error}${hint ? ` ${hint}` : ''}`
  } catch {
    return undefined
  }
}
