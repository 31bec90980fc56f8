import { execa } from 'execa'

import { workerSources } from './folders.js'
import { workerVariables } from './variables.js'

/** How a worker encrypts: PEM files. The worker refuses what is incomplete. */
export interface ServeTls {
  readonly tlsCertificate?: string | undefined
  readonly tlsKey?: string | undefined
  readonly tlsClientAuthority?: string | undefined
  /** Listen beyond this machine without. */
  readonly insecure?: boolean | undefined
}

export interface ServeOptions {
  readonly python: string
  /** `host:port`. */
  readonly listen: string
  readonly tls: ServeTls
  readonly tokenFile: string
  readonly stateDir: string
  readonly cacheDir: string
  readonly dataDir: string
  /** NAME=FOLDER each. */
  readonly dataRoots: readonly string[]
  readonly log: string
}

/**
 * Runs a worker on this process's terminal until it is stopped, and answers its exit code. Its one line on stdout says
 * where it listens.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { python, listen, tls, tokenFile, stateDir, cacheDir, dataDir, dataRoots, log } = options
  const flags = [
    '--listen',
    listen,
    '--token-file',
    tokenFile,
    ...(tls.tlsCertificate === undefined ? [] : ['--tls-certificate', tls.tlsCertificate]),
    ...(tls.tlsKey === undefined ? [] : ['--tls-key', tls.tlsKey]),
    ...(tls.tlsClientAuthority === undefined ? [] : ['--tls-client-authority', tls.tlsClientAuthority]),
    ...(tls.insecure ? ['--insecure'] : []),
    '--state-dir',
    stateDir,
    '--cache-dir',
    cacheDir,
    '--data-dir',
    dataDir,
    ...dataRoots.flatMap((root) => ['--data-root', root]),
    '--log',
    log,
  ]
  const subprocess = execa(python, ['-I', workerSources().program, 'serve', ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    extendEnv: false,
    env: workerVariables(),
    forceKillAfterDelay: false,
  })
  // Ctrl-C reaches the worker by itself; what is sent to us alone is passed on. Both let it drain.
  const ignore = () => undefined
  const pass = () => {
    subprocess.kill('SIGTERM')
  }
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass)
  try {
    const { exitCode } = await subprocess
    return exitCode ?? 1
  } finally {
    process.off('SIGINT', ignore)
    process.off('SIGTERM', pass)
  }
}
