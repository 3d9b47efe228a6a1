/** A backend's place and share in a ring. */
export interface Share {
  /** The backend's index. */
  readonly backend: number
  /** Positive integer. */
  readonly weight: number
}

/** The largest ring; weights that need more are rounded. */
export const maxRingSize = 4096

/**
 * Spreads backends over a ring so that each appears as often as its weight says and its places lie as far apart as
 * they can (smooth weighted round-robin, as in nginx): a scheduler that walks the ring takes turns fairly, one that
 * picks places at random follows the weights.
 *
 * The ring is as short as exact proportions allow; past {@link maxRingSize} the proportions are rounded, and no
 * backend gets less than one place.
 *
 * @returns backend indexes; empty without backends
 */
export function buildRing(shares: readonly Share[]): number[] {
  const weights = ringWeights(shares.map((share) => share.weight))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const credit = weights.map(() => 0)
  const ring: number[] = []
  for (let place = 0; place < total; place++) {
    let best = 0
    for (let i = 0; i < weights.length; i++) {
      credit[i] = (credit[i] ?? 0) + (weights[i] ?? 0)
      if ((credit[i] ?? 0) > (credit[best] ?? 0)) best = i
    }
    credit[best] = (credit[best] ?? 0) - total
    ring.push(shares[best]?.backend ?? 0)
  }
  return ring
}

function ringWeights(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0)
  if (divisor === 0) return []
  const exact = weights.map((weight) => weight / divisor)
  const total = exact.reduce((sum, weight) => sum + weight, 0)
  if (total <= maxRingSize) return exact
  return exact.map((weight) => Math.max(1, Math.round((weight * (maxRingSize - weights.length)) / total)))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
