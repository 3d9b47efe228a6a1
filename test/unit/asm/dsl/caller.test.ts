import { afterEach, describe, expect, test } from 'vitest'
import { callerPosition } from '../../../../src/asm/dsl/core/caller.ts'

const errors = Error as unknown as { prepareStackTrace?: unknown; stackTraceLimit: number }
const before = errors.prepareStackTrace
afterEach(() => {
  errors.prepareStackTrace = before
})

describe('the position of a statement', () => {
  test('is read from the frames of the stack', () => {
    errors.prepareStackTrace = undefined
    const position = callerPosition()
    expect(position?.file).toMatch(/caller\.test\.ts/)
    expect(position?.line).toBeGreaterThan(10)
    expect(position?.column).toBeGreaterThan(1)
    expect(errors.prepareStackTrace).toBeUndefined()
  })

  test('is read from the text of who prepares stacks himself, as source maps do', () => {
    errors.prepareStackTrace = () =>
      'Error\n    at node:internal/x:1:2\n    at author (/home/me/lb.ts:42:7)\n    at b.ts:1:1'
    expect(callerPosition()).toEqual({ file: '/home/me/lb.ts', line: 42, column: 7 })
  })

  test('is not known where there is no stack', () => {
    errors.prepareStackTrace = () => undefined
    expect(callerPosition()).toBeUndefined()
  })

  test('leaves the length of stacks as it was', () => {
    const limit = errors.stackTraceLimit
    callerPosition()
    expect(errors.stackTraceLimit).toBe(limit)
  })
})
