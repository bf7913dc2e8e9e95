/** The middle of some measurements, and the half of them that lies around it. */
export interface Spread {
  readonly median: number
  readonly lowerQuartile: number
  readonly upperQuartile: number
}

/** The spread of at least one number. */
export function spreadOf(numbers: readonly number[]): Spread {
  return {
    median: quantile(numbers, 0.5),
    lowerQuartile: quantile(numbers, 0.25),
    upperQuartile: quantile(numbers, 0.75),
  }
}

/** The median of at least one number. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/** Between two numbers the quantile is in proportion (type 7, as in R and NumPy): https://en.wikipedia.org/wiki/Quantile */
function quantile(numbers: readonly number[], share: number): number {
  if (numbers.length === 0) throw new RangeError('nothing was measured')
  const sorted = [...numbers].sort((left, right) => left - right)
  const position = (sorted.length - 1) * share
  const lower = sorted[Math.floor(position)] as number
  const upper = sorted[Math.ceil(position)] as number
  return lower + (upper - lower) * (position - Math.floor(position))
}
