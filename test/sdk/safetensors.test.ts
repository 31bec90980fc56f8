import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { writeSafetensors } from '../../sdk/src/weights/file.js'
import { temporaryFolder } from './worker.js'

test("a safetensors file says the same to the format's own reader", async () => {
  await using here = await temporaryFolder()
  const path = join(here.path, 'model.safetensors')
  const tensors = {
    'a/kernel': { data: Float32Array.of(1.5, -2, 3, 4, 5, 6), shape: [2, 3] },
    labels: { data: Int32Array.of(-1, 7), shape: [2] },
    'image "ü"': { data: Uint8Array.of(0, 255, 3), shape: [3, 1] },
  }
  await writeSafetensors(path, new Map(Object.entries(tensors)))
  const read = `
import json, sys
from safetensors.numpy import load_file
print(json.dumps({name: {"data": a.flatten().tolist(), "shape": list(a.shape)} for name, a in load_file(sys.argv[1]).items()}))`
  const { stdout } = await promisify(execFile)(process.env.COWMASK_WORKER_PYTHON ?? 'python3', ['-c', read, path])
  const expected = Object.entries(tensors).map(([name, { data, shape }]) => [name, { data: [...data], shape }])
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(expected))
})
