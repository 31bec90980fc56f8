import { readFile } from 'node:fs/promises'

import { errorCodes } from 'cowmask'
import { expect, it } from 'vitest'

it('the SDK has advice for every code with which the worker refuses a call', async () => {
  const source = await readFile(new URL('../../server-py/cowmask_worker/service/failures.py', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/^ {4}"([A-Z_]+)": grpc\.StatusCode\./gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.filter((code) => code !== undefined && !Object.hasOwn(errorCodes, code))).toEqual([])
})
