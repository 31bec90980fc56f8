import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Has every worker that `use` launches keep its compiled programs in a folder that is empty at first. */
export async function* ownCompileCache<T>(use: (folder: string) => AsyncIterable<T>): AsyncGenerator<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cowmask-bench-'))
  const before = process.env.JAX_COMPILATION_CACHE_DIR
  process.env.JAX_COMPILATION_CACHE_DIR = join(folder, 'compiled')
  try {
    yield* use(folder)
  } finally {
    if (before === undefined) delete process.env.JAX_COMPILATION_CACHE_DIR
    else process.env.JAX_COMPILATION_CACHE_DIR = before
    await rm(folder, { recursive: true, force: true })
  }
}
