import { ConfigError, CowMaskError } from '../errors.js'

// As other programs do: 2 is for a wrong command line.
const USAGE = 2

/** Tells an error on stderr, as text or as JSON, and sets the exit code. */
export function tellFailure(error: unknown, json: boolean): void {
  process.exitCode = error instanceof ConfigError ? USAGE : 1
  if (!(error instanceof CowMaskError)) {
    console.error(error)
    return
  }
  const { code, message, hint } = error
  const violations = error instanceof ConfigError ? { violations: error.violations } : {}
  console.error(
    json ? JSON.stringify({ error: { code, message, hint, ...violations } }) : `${message}${hint && `\n${hint}`}`,
  )
}

/** Runs a command, and tells what it throws. */
export async function told(json: boolean | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    tellFailure(error, json ?? false)
  }
}

/** Prints a result for a program. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}
