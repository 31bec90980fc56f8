import { execa } from 'execa'

/** What a command that ran to its end left behind. */
export interface CommandResult {
  readonly ok: boolean
  readonly exitCode: number | undefined
  readonly stdout: string
  /** Its last 64 KiB. */
  readonly stderr: string
  /** Why it failed, in one line; empty if it didn't. */
  readonly reason: string
}

export interface CommandOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Called with every line of stderr. */
  readonly onLine?: ((line: string) => void) | undefined
}

const TAIL = 64 * 1024

/** Runs a command to its end. Never rejects: whether it worked is part of the result. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const subprocess = execa(file, args, {
    reject: false,
    stdin: 'ignore',
    maxBuffer: { stdout: 1024 * 1024, stderr: 100 * 1024 * 1024 },
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    // Many commands may share a signal; one made from it takes no listener of it.
    ...(options.signal === undefined ? {} : { cancelSignal: AbortSignal.any([options.signal]) }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    ...(options.onLine === undefined ? {} : { stderr: ['pipe', told(options.onLine)] as const }),
  })
  const result = await subprocess
  return {
    ok: !result.failed,
    exitCode: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr.slice(-TAIL),
    reason: result.failed ? (result.shortMessage?.split('\n')[0] ?? '') : '',
  }
}

function told(onLine: (line: string) => void) {
  return function* (line: unknown): Generator {
    onLine(String(line))
    yield line
  }
}

/** What a failed command said last, or how it ended. */
export function lastLine({ stderr, reason }: CommandResult): string {
  const last = stderr.trim().split('\n').at(-1)
  return last === undefined || last === '' ? reason : last
}
