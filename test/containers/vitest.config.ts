import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// `cowmask` is the package as it is built, and the worker is in the image.
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/containers/**/*.test.ts'],
    // A first training compiles; on a busy machine that takes minutes.
    testTimeout: 900_000,
    hookTimeout: 120_000,
    // A worker that trains takes both cores.
    fileParallelism: false,
  },
})
