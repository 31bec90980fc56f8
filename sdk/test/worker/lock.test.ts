import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { withLock } from '../../src/worker/lock.js'
import { identityOf } from '../../src/worker/process-identity.js'
import { Temporary } from './temporary.js'

describe('a lock file', () => {
  test('lets one at a time work, and is gone afterwards', async () => {
    await using here = await Temporary.make()
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, (inside += 1))
      await sleep(10)
      inside -= 1
    }
    await Promise.all(Array.from({ length: 8 }, () => withLock(here.path('lock'), work, { pollMs: 2 })))
    expect(most).toBe(1)
    expect(existsSync(here.path('lock'))).toBe(false)
  })

  test('is let go of when the work throws', async () => {
    await using here = await Temporary.make()
    await expect(withLock(here.path('lock'), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withLock(here.path('lock'), () => Promise.resolve('next'))).toBe('next')
  })

  test.each([
    ['a dead process', { pid: 2 ** 22 + 1 }],
    ['a process whose number was used again', { pid: process.pid, start: '1' }],
  ])('of %s is taken over', async (_, owner) => {
    await using here = await Temporary.make()
    await writeFile(here.path('lock'), JSON.stringify(owner))
    expect(await withLock(here.path('lock'), () => Promise.resolve('mine'))).toBe('mine')
    expect(readdirSync(here.folder)).toEqual([])
  })

  test('of a live process is waited for, its owner told; the signal ends the wait', async () => {
    await using here = await Temporary.make()
    await writeFile(here.path('lock'), JSON.stringify(identityOf()))
    const owners: number[] = []
    const abort = new AbortController()
    setTimeout(() => {
      abort.abort()
    }, 50)
    const wait = withLock(here.path('lock'), () => Promise.resolve('never'), {
      pollMs: 5,
      signal: abort.signal,
      onWait: ({ pid }) => owners.push(pid),
    })
    await expect(wait).rejects.toMatchObject({ name: 'AbortError' })
    expect(owners).toEqual([process.pid])
    expect(existsSync(here.path('lock'))).toBe(true)
  })
})
