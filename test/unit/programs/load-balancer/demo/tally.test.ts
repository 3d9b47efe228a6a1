import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../../../../src/programs/load-balancer/demo/messages.ts'
import { Counter, sentIn } from '../../../../../src/programs/load-balancer/demo/tally.ts'

const names = ['a', 'b']

test('every outcome is counted once, whatever it is', () => {
  const answer = fc.record({ backend: fc.constantFrom('a', 'b', 'c', '__proto__'), port: fc.nat() })
  const failure = fc.record({ error: fc.constantFrom('ECONNRESET', 'constructor') })
  fc.assert(
    fc.property(fc.array(fc.oneof(answer, failure)), (outcomes: Outcome[]) => {
      const counter = new Counter(names)
      for (const outcome of outcomes) counter.add(outcome)
      const { tally } = counter
      expect(sentIn(tally)).toBe(outcomes.length)
      expect(tally.answered).toBe(outcomes.filter(({ backend }) => names.includes(backend ?? '')).length)
      expect(Object.keys(tally.backends)).toEqual(names)
    }),
  )
})

test('an answer in a name that is no backend’s is a failure', () => {
  const counter = new Counter(names)
  counter.add({ backend: 'c', port: 1 })
  expect(counter.tally).toMatchObject({ answered: 0, failed: 1, backends: { a: 0, b: 0 } })
  expect(Object.keys(counter.tally.failures)).toEqual(['an answer that is no backend\'s name: "c"'])
})
