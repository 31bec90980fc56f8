import { readFileSync, readdirSync } from 'node:fs'

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly state: string
  readonly command: string
}

/** Every process of this machine that still runs. Dead ones that nobody has reaped don't count. */
export function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), state, command }]
      } catch {
        return []
      }
    })
}

/** A process's children, and theirs. */
export function descendants(pid: number): Process[] {
  const all = processes()
  const below = (parent: number): Process[] =>
    all.filter((process) => process.parent === parent).flatMap((child) => [child, ...below(child.pid)])
  return below(pid)
}
