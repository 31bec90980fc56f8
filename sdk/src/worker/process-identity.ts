import { readFileSync } from 'node:fs'

/** A process that a number alone does not name: numbers are used again. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the kernel's ticks; absent where the system doesn't tell. */
  readonly start?: string | undefined
}

interface Seen {
  readonly state: string
  readonly start: string
}

function seen(pid: number): Seen | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // The name in parentheses may hold anything, so fields are counted from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', start: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** Names a process of this machine, by default this one. */
export function identityOf(pid: number = process.pid): ProcessIdentity {
  return { pid, start: seen(pid)?.start }
}

/** Whether that very process still runs. A dead one that nobody has reaped doesn't. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  if (process.platform === 'linux') {
    const now = seen(pid)
    return now !== undefined && now.state !== 'Z' && (start === undefined || now.start === start)
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
