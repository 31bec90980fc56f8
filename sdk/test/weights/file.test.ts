import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'

import { ConfigError, type Tensor, readWeights, writeWeights } from 'cowmask'
import { describe, expect, it } from 'vitest'

import { ExportedModel } from '../../src/models.js'
import { Temporary } from '../worker/temporary.js'

const tensors = new Map<string, Tensor>([
  ['params/kernel', { shape: [1, 2], data: Float32Array.of(1, -2) }],
  ['params/bias', { shape: [], data: Float32Array.of(0.5) }],
])

/** What is said of `path`. */
async function reasonOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ConfigError)
  const [violation] = (error as ConfigError).violations
  expect(violation?.path).toBe('path')
  return violation?.reason ?? ''
}

describe('weights', () => {
  it.each(['.safetensors', '.npz', '.NPZ'])('are read from %s as they were written', async (extension) => {
    await using here = await Temporary.make()
    const path = here.path(`weights${extension}`)
    await writeWeights(path, tensors)
    expect(await readWeights(path)).toEqual(tensors)
    expect(readdirSync(here.folder)).toEqual([`weights${extension}`])
  })

  it('of a model go into either kind of file, and into a safetensors file of any name', async () => {
    await using here = await Temporary.make()
    const model = new ExportedModel(tensors)
    await model.write(here.path('a.npz'))
    await model.write(here.path('a.safetensors'))
    await model.writeSafetensors(here.path('weights'))
    expect(await readWeights(here.path('a.npz'))).toEqual(tensors)
    expect(readFileSync(here.path('weights'))).toEqual(readFileSync(here.path('a.safetensors')))
  })

  it('of a model tell in a safetensors file what there is to know of them', async () => {
    await using here = await Temporary.make()
    const path = here.path('a.safetensors')
    await new ExportedModel(tensors, { classes: '["cat","dog \u{1f415}"]' }).write(path)
    expect(await readWeights(path)).toEqual(tensors)
    const bytes = readFileSync(path)
    const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString()
    expect(JSON.parse(header)).toMatchObject({ __metadata__: { classes: '["cat","dog \u{1f415}"]' } })
  })

  it.each(['weights', 'weights.npy', 'weights.zip', 'npz'])('are neither read from nor written to %s', async (name) => {
    const allowed = `must end in .safetensors or .npz, but is '${name}'.`
    expect(await reasonOf(readWeights(name))).toBe(allowed)
    expect(await reasonOf(writeWeights(name, tensors))).toBe(allowed)
    expect(await reasonOf(new ExportedModel(tensors).write(name))).toBe(allowed)
  })

  it.each(['.pkl', '.pickle', '.pt', '.pth', '.ckpt', '.msgpack', '.PT'])(
    'are never unpickled: %s',
    async (extension) => {
      const reason = await reasonOf(readWeights(`model${extension}`))
      expect(reason).toContain(`must end in .safetensors or .npz, but is 'model${extension}'.`)
      expect(reason).toContain('never unpickled')
      expect(reason).toContain("numpy.savez('weights.npz', **{")
    },
  )

  it('that are damaged are told with the file, what was found and what was expected', async () => {
    await using here = await Temporary.make()
    for (const [name, found] of [
      ['a.safetensors', 'the file ends after 3 bytes; expected 8 that give the length of a header.'],
      ['a.npz', 'no directory stands at the end; expected a zip archive, so this is none or was cut off.'],
    ] as const) {
      const path = here.path(name)
      await writeFile(path, 'abc')
      expect(await reasonOf(readWeights(path))).toBe(`'${path}' can't be read as a ${name.slice(1)} file: ${found}`)
    }
  })

  it('that are not there, or are no file, are told so', async () => {
    await using here = await Temporary.make()
    expect(await reasonOf(readWeights(here.path('absent.npz')))).toMatch(/absent\.npz' can't be read: ENOENT/)
    await mkdir(here.path('folder.npz'))
    expect(await reasonOf(readWeights(here.path('folder.npz')))).toMatch(/can't be read: EISDIR/)
    expect(await reasonOf(readWeights(undefined as unknown as string))).toBe('must be the path of a file.')
  })

  it('are written whole or not at all', async () => {
    await using here = await Temporary.make()
    const path = here.path('weights.npz')
    await writeWeights(path, tensors)
    const before = readFileSync(path)
    const wrong = writeWeights(path, new Map([['a', { shape: [2], data: new Uint8Array(1) }]]))
    await expect(wrong).rejects.toMatchObject({ violations: [{ path: 'tensors' }] })
    expect(readFileSync(path)).toEqual(before)

    await mkdir(here.path('folder.npz'))
    writeFileSync(here.path('folder.npz', 'inside'), '')
    expect(await reasonOf(writeWeights(here.path('folder.npz'), tensors))).toContain("can't be written: ")
    expect(await reasonOf(writeWeights(here.path('absent', 'a.npz'), tensors))).toMatch(/can't be written: ENOENT/)
    expect(readdirSync(here.folder).sort()).toEqual(['folder.npz', 'weights.npz'])
  })
})
