import { z } from 'zod'

import { type CowMaskError, type ProcessEnd, ProtocolMismatchError, StartError } from '../errors.js'
import { PROTOCOL, version } from '../version.js'

/** The SDK's first line on the worker's stdin. */
export interface Greeting {
  readonly protocol: number
  readonly token: string
  readonly folder: string
  readonly state_dir: string
  readonly cache_dir: string
  readonly data_dir: string
  /** Folders by name. */
  readonly data_roots: Readonly<Record<string, string>>
  readonly options: string
  readonly log: string
}

const ready = z.object({ protocol: z.number(), version: z.string(), address: z.string(), pid: z.number() })
const refusal = z.object({
  protocol: z.number(),
  version: z.string(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }),
})
const answer = z.union([ready, refusal])

/** A worker that listens. */
export type Ready = z.infer<typeof ready>

// No handshake is longer; whoever writes more without ending the line is no worker.
export const LINE_BYTES = 64 * 1024

const clipped = (line: string): string => (line.length > 200 ? `${line.slice(0, 200)}…` : line)

/**
 * Reads the worker's one line.
 *
 * @throws ProtocolMismatchError when the two speak different versions
 * @throws StartError when the line is no handshake, or tells why the worker cannot start
 */
export function readHandshake(line: string, end: ProcessEnd): Ready {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (cause) {
    throw junk(line, end, cause)
  }
  const parsed = answer.safeParse(json)
  const protocol = (json as { protocol?: unknown } | null)?.protocol
  if (typeof protocol === 'number' && protocol !== PROTOCOL) throw mismatch(protocol, json)
  if (!parsed.success) throw junk(line, end, parsed.error)
  if ('address' in parsed.data) return parsed.data
  const { code, message, hint } = parsed.data.error
  if (code === 'PROTOCOL_MISMATCH') throw new ProtocolMismatchError(`The worker did not start: ${message}`, { hint })
  throw new StartError(code, `The worker did not start: ${message}`, end, { hint })
}

function mismatch(protocol: number, json: unknown): CowMaskError {
  const theirs = (json as { version?: unknown }).version
  const ofVersion = typeof theirs === 'string' ? ` (version ${theirs})` : ''
  return new ProtocolMismatchError(
    `The worker speaks protocol ${String(protocol)}${ofVersion}, this SDK protocol ${String(PROTOCOL)} (version ${version}).`,
    { hint: `Install cowmask ${protocol > PROTOCOL && typeof theirs === 'string' ? theirs : version} on both sides.` },
  )
}

function junk(line: string, end: ProcessEnd, cause: unknown): StartError {
  return new StartError(
    'START_FAILED',
    `The worker answered with something that is no handshake: ${clipped(line)}`,
    end,
    {
      cause,
      hint: 'Another program answers in its place, or it prints to stdout: check `python`, COWMASK_WORKER_PYTHON and `stderrTail`.',
    },
  )
}
