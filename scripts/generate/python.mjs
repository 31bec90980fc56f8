// Writes the Python messages, stubs and their types.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const protoRoot = fileURLToPath(new URL('../../proto', import.meta.url))

/** Writes `<out>/cowmask/**` with the generators that are installed beside the interpreter `python`. */
export function generatePython(python, out) {
  const files = readdirSync(protoRoot, { recursive: true })
    .filter((name) => name.endsWith('.proto'))
    .sort()
  rmSync(join(out, 'cowmask'), { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const kinds = ['python', 'grpc_python', 'mypy', 'mypy_grpc']
  execFileSync(
    python,
    ['-m', 'grpc_tools.protoc', `-I${protoRoot}`, ...kinds.map((kind) => `--${kind}_out=${out}`), ...files],
    {
      // protoc looks for its plugins on PATH.
      env: { ...process.env, PATH: `${dirname(python)}${delimiter}${process.env.PATH ?? ''}` },
      // The plugins tell every file on stderr; it is shown if protoc fails.
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  for (const name of files) {
    if (/^service /m.test(readFileSync(join(protoRoot, name), 'utf8'))) continue
    const stem = join(out, name.replace(/\.proto$/, '_pb2_grpc'))
    for (const extension of ['.py', '.pyi']) rmSync(stem + extension, { force: true })
  }
}
