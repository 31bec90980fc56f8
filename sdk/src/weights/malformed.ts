/** A weights file that is damaged, is none, or holds what is not taken. */
export class MalformedWeights extends Error {
  override readonly name = 'MalformedWeights'

  constructor(
    readonly found: string,
    readonly expected: string,
  ) {
    super(`${found}; expected ${expected}`)
  }
}

/**
 * Runs `read`, and has what it complains of begin with the name of the array.
 *
 * @throws MalformedWeights
 */
export function about<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedWeights) throw new MalformedWeights(`${shown(name)} ${error.found}`, error.expected)
    throw error
  }
}

const SHOWN_CHARACTERS = 100

/** Text from a file as a message may show it: quoted, on one line, and cut where it is long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text)
}
