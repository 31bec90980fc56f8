import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder that is gone after the test. */
export class Temporary implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Temporary> {
    return new Temporary(await mkdtemp(join(tmpdir(), 'cowmask-test-')))
  }

  path(...names: string[]): string {
    return join(this.folder, ...names)
  }

  /** A program written in shell. */
  async program(name: string, script: string): Promise<string> {
    const path = this.path(name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `#!/bin/sh\n${script}\n`)
    await chmod(path, 0o755)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
