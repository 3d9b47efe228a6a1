import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildRing, maxRingSize } from '../../../../../src/programs/load-balancer/control/ring.ts'

const weights = (max: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 40 })

/** The ring of backends 100, 101 … of these weights, and how often each is in it. */
function ringOf(weights: readonly number[]): { readonly ring: readonly number[]; readonly counts: number[] } {
  const ring = buildRing(weights.map((weight, i) => ({ backend: 100 + i, weight })))
  const counts = weights.map((_, i) => ring.filter((backend) => backend === 100 + i).length)
  return { ring, counts }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

test('without backends the ring is empty', () => {
  expect(buildRing([])).toEqual([])
})

test.each([
  [[1], [100]],
  [[7], [100]],
  [
    [1, 1],
    [100, 101],
  ],
  [
    [10, 10, 10],
    [100, 101, 102],
  ],
  [
    [2, 1],
    [100, 101, 100],
  ],
  [
    [5, 1, 1],
    [100, 100, 101, 100, 102, 100, 100],
  ],
])('weights %j make the ring %j', (weights, ring) => {
  expect(ringOf(weights).ring).toEqual(ring)
})

test('each backend is in it as often as its weight says, and the ring is as short as that allows', () => {
  fc.assert(
    fc.property(weights(100), (weights) => {
      const { counts } = ringOf(weights)
      counts.forEach((count, i) => {
        expect(count * (weights[0] ?? 0)).toBe((counts[0] ?? 0) * (weights[i] ?? 0))
      })
      for (let divisor = 2; divisor <= Math.min(...counts); divisor++)
        expect(counts.every((count) => count % divisor === 0)).toBe(false)
    }),
  )
})

test('where exact proportions take too many places they are rounded, and nobody is left out', () => {
  fc.assert(
    fc.property(weights(1000), (weights) => {
      const { ring, counts } = ringOf(weights)
      expect(ring.length).toBeLessThanOrEqual(maxRingSize)
      counts.forEach((count, i) => {
        expect(count).toBeGreaterThan(0)
        // A place more or less for this backend, and one for each of the others.
        const share = (weights[i] ?? 0) / sum(weights)
        const error = (1 + share * weights.length) / ring.length
        expect(Math.abs(count / ring.length - share)).toBeLessThanOrEqual(error)
      })
    }),
  )
})

test('even the most backends of the most different weights fit', () => {
  const { ring, counts } = ringOf(Array.from({ length: maxRingSize }, (_, i) => 1 + (i % 1000)))
  expect(ring.length).toBe(maxRingSize)
  expect(Math.min(...counts)).toBe(1)
})

test('backends of equal weight take turns: none comes twice in a row, around the end neither', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 1, max: 1000 }), (count, weight) => {
      const { ring } = ringOf(Array(count).fill(weight))
      expect(ring).toHaveLength(count)
      expect(new Set(ring).size).toBe(count)
    }),
  )
})

test('at each point of the ring a backend has had its share, give or take a few places', () => {
  fc.assert(
    fc.property(weights(30), (weights) => {
      const { ring } = ringOf(weights)
      const seen = weights.map(() => 0)
      ring.forEach((backend, i) => {
        seen[backend - 100] = (seen[backend - 100] ?? 0) + 1
        weights.forEach((weight, j) => {
          const due = ((i + 1) * weight) / sum(weights)
          expect(Math.abs((seen[j] ?? 0) - due)).toBeLessThan(weights.length)
        })
      })
    }),
    { numRuns: 30 },
  )
})
