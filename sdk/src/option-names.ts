import { nearest } from './config/nearest.js'
import { ConfigError } from './errors.js'

/**
 * Refuses names that are no options: a misspelled one must not be passed over in silence.
 *
 * @throws ConfigError with the nearest name of each
 */
export function refuseUnknown(given: object, allowed: readonly string[]): void {
  const violations = Object.keys(given)
    .filter((name) => !allowed.includes(name))
    .map((name) => ({
      path: name,
      reason: `is no option here; allowed are ${allowed.join(', ')}.`,
      nearest: nearest(name, allowed),
    }))
  if (violations.length > 0) throw new ConfigError(violations)
}
