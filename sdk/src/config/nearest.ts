/**
 * The allowed name that a misspelled one most likely meant: at most a third of its letters inserted, left out, changed
 * or swapped with their neighbor. Case, `_` and `-` don't count.
 */
export function nearest(written: string, allowed: readonly string[]): string | undefined {
  const wanted = folded(written)
  let best: string | undefined
  let fewest = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const name of allowed) {
    const distance = edits(wanted, folded(name))
    if (distance < fewest) {
      fewest = distance
      best = name
    }
  }
  return best
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '')
}

/** Fewest edits from one word to the other, a swap of neighbors being one (Damerau's distance without overlaps). */
function edits(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      let fewest = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1))
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        fewest = Math.min(fewest, at(beforeLast, column - 2) + 1)
      current.push(fewest)
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY
