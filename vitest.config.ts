import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { cowmask: fileURLToPath(new URL('./sdk/src/index.ts', import.meta.url)) } },
  test: {
    include: ['sdk/test/**/*.test.ts', 'test/**/*.test.ts'],
    // They need images and an engine: `npm run test:containers`.
    exclude: ['**/node_modules/**', 'test/containers/**'],
    // Tests start real workers that compile for seconds on a busy machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // More than two cores, since a test waits more than it computes.
    maxWorkers: 3,
  },
})
