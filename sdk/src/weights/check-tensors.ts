import { ConfigError, type Violation } from '../errors.js'
import type { Tensor } from '../transport/tensor.js'
import { elementCount } from './element-type.js'
import { shown } from './malformed.js'

/**
 * Refuses what is no map of tensors, before anything is written or sent.
 *
 * @param nameFault what else there is against a name, if anything
 * @param option what the tensors are called where they are blamed
 * @throws ConfigError with all that is wrong
 */
export function checkTensors(
  tensors: ReadonlyMap<string, Tensor>,
  nameFault: (name: string) => string | undefined,
  option = 'tensors',
): void {
  // A script in plain JavaScript may pass anything.
  const given: unknown = tensors
  if (!(given instanceof Map)) throw new ConfigError([{ path: option, reason: 'must be a Map of names to tensors.' }])
  const violations: Violation[] = []
  for (const [name, tensor] of given as Map<unknown, unknown>) {
    const wrong = typeof name === 'string' ? (nameFault(name) ?? tensorFault(tensor)) : 'must be named by a string.'
    if (wrong !== undefined) violations.push({ path: option, reason: `${shown(String(name))} ${wrong}` })
  }
  if (violations.length > 0) throw new ConfigError(violations)
}

/** What is wrong with a name in any format: half a surrogate pair has no bytes. */
export function unicodeFault(name: string): string | undefined {
  return /\p{Surrogate}/u.test(name) ? 'must be a name in well-formed Unicode.' : undefined
}

function tensorFault(tensor: unknown): string | undefined {
  const { data, shape } = Object(tensor) as { data?: unknown; shape?: unknown }
  if (!(data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array))
    return 'must have a Float32Array, an Int32Array or a Uint8Array as data.'
  if (!Array.isArray(shape) || !shape.every((length: unknown) => Number.isSafeInteger(length) && Number(length) >= 0))
    return 'must have a shape of whole numbers from 0 up.'
  const count = elementCount(shape as number[])
  return data.length === count
    ? undefined
    : `must have ${count} elements for the shape [${shape.join(', ')}], but has ${data.length}.`
}
