/** Mean, sample standard deviation and, from two values on, the 95 % t interval of the mean. */
export interface Spread {
  readonly mean: number
  /** 0 for a single value. */
  readonly deviation: number
  readonly interval?: readonly [low: number, high: number]
}

/** Of differences of pairs, the interval is the paired one. */
export function spread(values: readonly number[]): Spread {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (count < 2) return { mean, deviation: 0 }
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1))
  const half = (quantile(0.975, count - 1) * deviation) / Math.sqrt(count)
  return { mean, deviation, interval: [mean - half, mean + half] }
}

/** Quantile of Student's t distribution above the median, by bisection. */
export function quantile(probability: number, freedom: number): number {
  let low = 0
  let high = 1
  while (below(high, freedom) < probability) high *= 2
  for (let halvings = 0; halvings < 60; halvings += 1) {
    const middle = (low + high) / 2
    if (below(middle, freedom) < probability) low = middle
    else high = middle
  }
  return high
}

/** P(T <= t) for t >= 0 and whole degrees of freedom: the finite series 26.7.3 and 26.7.4 of Abramowitz and Stegun. */
function below(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom))
  const odd = freedom % 2 === 1
  let term = odd ? Math.cos(angle) : 1
  let sum = freedom === 1 ? 0 : term
  for (let k = odd ? 2 : 1; k <= freedom - 3; k += 2) {
    term *= (k / (k + 1)) * Math.cos(angle) ** 2
    sum += term
  }
  const within = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum
  return (1 + within) / 2
}
