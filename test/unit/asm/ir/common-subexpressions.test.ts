import { describe, expect, test } from 'vitest'
import type { MemorySpace } from '../../../../src/asm/ir/graph.ts'
import { eliminateCommonSubexpressions } from '../../../../src/asm/ir/passes/common-subexpressions.ts'
import { GraphBuilder } from './build.ts'
import { show } from './show.ts'

/** How many lines of the graph match, after the pass. */
function remaining(write: (b: GraphBuilder) => void, pattern: RegExp): number {
  const b = new GraphBuilder()
  write(b)
  eliminateCommonSubexpressions(b.graph)
  return show(b.graph).filter((line) => pattern.test(line)).length
}

const loads = /= load/

describe('computations', () => {
  test('the same one is made once, also by a block that the first one dominates', () => {
    const write = (b: GraphBuilder): void => {
      const x = b.unknown()
      const y = b.unknown()
      const first = b.binary('xor', b.binary('add', x, y), b.binary('add', x, y))
      b.branch(
        x,
        () => b.return(b.binary('add', x, y)),
        () => {},
      )
      b.return(first)
    }
    expect(remaining(write, /= add/)).toBe(1)
  })

  test('not from one way of a branch in the other', () => {
    const write = (b: GraphBuilder): void => {
      const x = b.unknown()
      b.branch(
        x,
        () => b.return(b.binary('add', x, 5)),
        () => b.return(b.binary('add', x, 5)),
      )
    }
    expect(remaining(write, /= add/)).toBe(2)
  })

  test('other operands, operators and widths are other computations', () => {
    const write = (b: GraphBuilder): void => {
      const x = b.unknown()
      const values = [b.binary('add', x, 5), b.binary('add', x, 6), b.binary('sub', x, 5)]
      const wide = b.ssa.emit({ kind: 'extend', signed: true }, 'i64', [x])
      const zero = b.ssa.emit({ kind: 'extend', signed: false }, 'i64', [x])
      b.call('use', [], ...values, wide, zero)
      b.return(0)
    }
    expect(remaining(write, /= (add|sub|sign|zero)/)).toBe(5)
  })

  test('two calls are two calls', () => {
    expect(
      remaining((b) => {
        b.unknown()
        b.return(b.unknown())
      }, /= call/),
    ).toBe(2)
  })
})

describe('loads', () => {
  test('of the same memory are one, with no write in between', () => {
    const write = (b: GraphBuilder): void => {
      const p = b.unknown('ptr')
      b.return(b.binary('add', b.load(p, 'map'), b.load(p, 'map')))
    }
    expect(remaining(write, loads)).toBe(1)
  })

  test('of another offset, size or member are others', () => {
    const write = (b: GraphBuilder): void => {
      const p = b.unknown('ptr')
      const member = (path: string) =>
        b.ssa.emit(
          { kind: 'load', size: 4, offset: 0, space: 'kernel', field: { struct: 'nf_conn', path } },
          'i32',
          [p],
        )
      b.call(
        'use',
        [],
        b.load(p, 'kernel'),
        b.load(p, 'kernel', 4),
        b.load(p, 'kernel', 0, 2),
        member('mark'),
        member('status'),
      )
      b.return(0)
    }
    expect(remaining(write, loads)).toBe(5)
  })

  test('a store begins a new epoch of its own space only', () => {
    const between = (space: MemorySpace) => (b: GraphBuilder) => {
      const p = b.unknown('ptr')
      const q = b.unknown('ptr')
      const first = b.load(p, 'map')
      b.store(q, space, first)
      b.return(b.binary('add', first, b.load(p, 'map')))
    }
    expect(remaining(between('map'), loads)).toBe(2)
    expect(remaining(between('frame'), loads)).toBe(1)
  })

  test('a call does so for the spaces that it writes', () => {
    const between = (writes: readonly MemorySpace[]) => (b: GraphBuilder) => {
      const p = b.unknown('ptr')
      const first = b.load(p, 'packet')
      b.call('between', writes)
      b.return(b.binary('add', first, b.load(p, 'packet')))
    }
    expect(remaining(between(['packet', 'context']), loads)).toBe(2)
    expect(remaining(between(['frame', 'kernel']), loads)).toBe(1)
  })

  test('an atomic operation does, too', () => {
    const write = (b: GraphBuilder): void => {
      const p = b.unknown('ptr')
      const first = b.load(p, 'map')
      b.ssa.emit(
        { kind: 'atomic', operator: 'add', fetch: false, size: 4, offset: 0, space: 'map' },
        'none',
        [p, first],
      )
      b.return(b.binary('add', first, b.load(p, 'map')))
    }
    expect(remaining(write, loads)).toBe(2)
  })

  test('a write on one of two ways begins a new epoch where they meet', () => {
    const write = (writes: boolean) => (b: GraphBuilder) => {
      const p = b.unknown('ptr')
      const first = b.load(p, 'map')
      b.branch(
        first,
        () => {
          if (writes) b.store(p, 'map', first)
        },
        () => {},
      )
      b.return(b.binary('add', first, b.load(p, 'map')))
    }
    expect(remaining(write(true), loads)).toBe(2)
    expect(remaining(write(false), loads)).toBe(1)
  })

  test('a write that comes later in a loop is before its next turn', () => {
    const write = (b: GraphBuilder): void => {
      const p = b.unknown('ptr')
      const before = b.load(p, 'map')
      const [head, body, after] = b.blocks(3)
      if (head === undefined || body === undefined || after === undefined) throw new Error('three blocks')
      b.ssa.jump(head)
      b.ssa.enter(head)
      const inside = b.load(p, 'map')
      b.ssa.branch('ne', inside, before, body, after)
      b.at(body)
      b.store(p, 'map', b.binary('add', inside, 1))
      b.ssa.jump(head)
      b.ssa.seal(head)
      b.at(after)
      b.return(b.load(p, 'map'))
    }
    // The one before the loop and the one at its head; behind it nothing was written since the head.
    expect(remaining(write, loads)).toBe(2)
  })
})

test('says whether it changed anything', () => {
  const b = new GraphBuilder()
  const x = b.unknown()
  b.return(b.binary('mul', b.binary('add', x, 3), b.binary('add', x, 3)))
  expect(eliminateCommonSubexpressions(b.graph)).toBe(true)
  expect(eliminateCommonSubexpressions(b.graph)).toBe(false)
})
