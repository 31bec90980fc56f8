/**
 * NumPy's `RandomState`: the Mersenne Twister (Matsumoto and Nishimura, 1998) and what NumPy draws from it, a stream that
 * is frozen over all its versions. Recorded numbers name their inputs by its seeds.
 */
export class LegacyRandom {
  private readonly state = new Uint32Array(624)
  private position = 624
  private spare: number | undefined

  constructor(seed: number) {
    this.state[0] = seed
    for (let at = 1; at < 624; at += 1) {
      const before = this.word(at - 1)
      this.state[at] = Math.imul(before ^ (before >>> 30), 1_812_433_253) + at
    }
  }

  /** Standard normal numbers, by Marsaglia's polar method, which makes them in pairs. */
  normal(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.oneNormal())
  }

  /** Whole numbers from 0 to below `high`, by drawing as many bits as it takes until they fit. */
  integers(high: number, count: number): Int32Array {
    const mask = 2 ** Math.ceil(Math.log2(high)) - 1
    return Int32Array.from({ length: count }, () => {
      for (;;) {
        const drawn = this.next() & mask
        if (drawn < high) return drawn
      }
    })
  }

  private oneNormal(): number {
    if (this.spare !== undefined) {
      const spare = this.spare
      this.spare = undefined
      return spare
    }
    for (;;) {
      const [x, y] = [2 * this.uniform() - 1, 2 * this.uniform() - 1]
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      this.spare = factor * x
      return factor * y
    }
  }

  /** In [0, 1), of 53 bits. */
  private uniform(): number {
    const [high, low] = [this.next() >>> 5, this.next() >>> 6]
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  private next(): number {
    if (this.position === 624) this.twist()
    let value = this.word(this.position)
    this.position += 1
    value ^= value >>> 11
    value ^= (value << 7) & 0x9d2c5680
    value ^= (value << 15) & 0xefc60000
    return (value ^ (value >>> 18)) >>> 0
  }

  private twist(): void {
    for (let at = 0; at < 624; at += 1) {
      const mixed = (this.word(at) & 0x80000000) | (this.word((at + 1) % 624) & 0x7fffffff)
      this.state[at] = this.word((at + 397) % 624) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0)
    }
    this.position = 0
  }

  private word(at: number): number {
    return this.state[at] ?? 0
  }
}
