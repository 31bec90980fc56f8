import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type ProcessIdentity, identityOf, isAlive } from './process-identity.js'

export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** Called once, when another process holds the lock. */
  readonly onWait?: ((owner: ProcessIdentity) => void) | undefined
  readonly pollMs?: number
}

/**
 * Does something while holding a lock file, and waits while another live process holds it. A lock whose owner is dead is
 * taken over. When several do that at the same moment, two may proceed: what is done under the lock must end in one
 * atomic step, as a rename does.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  let told = false
  while (!(await acquire(path))) {
    const owner = await ownerOf(path)
    if (owner === 'gone') continue
    if (!isAlive(owner)) {
      await takeAway(path, owner)
      continue
    }
    if (!told) options.onWait?.(owner)
    told = true
    await sleep(options.pollMs ?? 200, undefined, options.signal && { signal: options.signal })
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

const unique = (path: string): string => `${path}.${randomUUID()}`

/** Appears under its name with its content in one step, or not at all. */
async function acquire(path: string): Promise<boolean> {
  const own = unique(path)
  await writeFile(own, JSON.stringify(identityOf()))
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    await rm(own, { force: true })
  }
}

/** Removes a dead owner's lock. One that a live process has put in its place meanwhile goes back. */
async function takeAway(path: string, dead: ProcessIdentity): Promise<void> {
  const aside = unique(path)
  try {
    await rename(path, aside)
    const taken = await ownerOf(aside)
    if (taken !== 'gone' && (taken.pid !== dead.pid || taken.start !== dead.start)) await link(aside, path)
  } catch (error) {
    // Another process was faster, in either step.
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await rm(aside, { force: true })
  }
}

/** A lock appears with its content, so one that can't be read is gone; one with other content is nobody's. */
async function ownerOf(path: string): Promise<ProcessIdentity | 'gone'> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone'
    if (error instanceof SyntaxError) return { pid: -1 }
    throw error
  }
}
