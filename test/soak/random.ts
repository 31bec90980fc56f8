/** Draws that depend on a text alone. */
export class Random {
  private state: number

  constructor(seed: string) {
    this.state = Array.from(seed).reduce(
      (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
      0x811c9dc5,
    )
  }

  /** Uniform, 0 included and 1 not. */
  next(): number {
    // The splitmix step of 32 bits: one addition, two rounds of mixing.
    this.state = (this.state + 0x9e3779b9) | 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** So many different whole numbers below `below`. */
  choose(count: number, below: number): Set<number> {
    const chosen = new Set<number>()
    while (chosen.size < count) chosen.add(Math.floor(this.next() * below))
    return chosen
  }
}
