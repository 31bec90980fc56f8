import { isIP } from 'node:net'

/** The parts of `host:port` and `[host]:port`; undefined for anything else, such as `unix:/path`. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const found = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(address)
  const host = found?.[1] ?? found?.[2]
  return host === undefined ? undefined : { host, port: Number(found?.[3]) }
}

/** Whether what is sent there stays on this machine. */
export function isLocal(address: string): boolean {
  if (address.startsWith('unix:')) return true
  const host = hostAndPort(address)?.host ?? ''
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
