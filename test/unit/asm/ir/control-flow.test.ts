import { describe, expect, test } from 'vitest'
import type { Block } from '../../../../src/asm/ir/graph.ts'
import { tidyControlFlow } from '../../../../src/asm/ir/passes/control-flow.ts'
import { splitCriticalEdges } from '../../../../src/asm/ir/passes/critical-edges.ts'
import { removeDeadCode } from '../../../../src/asm/ir/passes/dead-code.ts'
import { GraphBuilder } from './build.ts'
import { show } from './show.ts'

function blocks(b: GraphBuilder, count: number): [Block, Block, ...Block[]] {
  const [first, second, ...others] = b.blocks(count)
  if (first === undefined || second === undefined) throw new Error('at least two blocks')
  return [first, second, ...others]
}

describe('tidying', () => {
  test('a block is joined with its only predecessor', () => {
    const b = new GraphBuilder()
    const [next, last] = blocks(b, 2)
    const x = b.unknown()
    b.ssa.jump(next)
    b.at(next)
    const y = b.binary('add', x, 1)
    b.ssa.jump(last)
    b.at(last)
    b.return(y)
    expect(tidyControlFlow(b.graph)).toBe(true)
    expect(show(b.graph)).toEqual(['b0:', '  v0 = call unknown()', '  v1 = add i32 v0, 1', '  return v1'])
    expect(b.graph.blocks.flatMap((block) => block.values).every((v) => v.block === b.graph.entry)).toBe(true)
    expect(tidyControlFlow(b.graph)).toBe(false)
  })

  test('returns of the same constant are one block, those of others are not', () => {
    const b = new GraphBuilder()
    b.branch(
      b.unknown(),
      () => b.return(7),
      () => {},
    )
    b.branch(
      b.unknown(),
      () => b.return(7),
      () => b.return(8),
    )
    tidyControlFlow(b.graph)
    expect(show(b.graph).filter((line) => line.includes('return'))).toHaveLength(2)
  })

  test('a return is merged although another block has its constant', () => {
    const b = new GraphBuilder()
    const seven = b.constant(7)
    b.branch(
      b.unknown(),
      () => b.return(seven),
      () => b.return(seven),
    )
    tidyControlFlow(b.graph)
    expect(show(b.graph)).toEqual(['b0:', '  v0 = call unknown()', '  return 7'])
  })

  test('a return after something happened stays where it is', () => {
    const b = new GraphBuilder()
    b.branch(
      b.unknown(),
      () => {
        b.call('count', [])
        b.return(7)
      },
      () => b.return(7),
    )
    tidyControlFlow(b.graph)
    expect(show(b.graph).filter((line) => line.includes('return'))).toHaveLength(2)
  })

  test('jumps to empty blocks go where these lead', () => {
    const b = new GraphBuilder()
    const x = b.unknown()
    b.branch(
      x,
      () =>
        b.branch(
          x,
          () => {},
          () => {},
        ),
      () => {
        b.call('other', [])
      },
    )
    b.call('behind', [])
    b.return(0)
    // The first turn makes the block with the inner branch an empty one.
    while (tidyControlFlow(b.graph)) {}
    expect(show(b.graph)).toEqual([
      'b0:',
      '  v0 = call unknown()',
      '  if v0 ne 0 b2 else b1',
      'b1:',
      '  v1 = call other()',
      '  goto b2',
      'b2:',
      '  v2 = call behind()',
      '  return 0',
    ])
  })

  test('phis keep the operands of the ways that remain', () => {
    const b = new GraphBuilder()
    const variable = { name: 'x', type: 'i32' as const }
    const set = (value: number) => () => b.ssa.write(variable, b.constant(value))
    b.branch(b.unknown('i32', 'p'), set(1), () => b.branch(b.unknown('i32', 'q'), set(2), set(3)))
    b.return(b.ssa.read(variable))
    tidyControlFlow(b.graph)
    for (const block of b.graph.blocks)
      for (const phi of block.phis) {
        expect(phi.args).toHaveLength(block.predecessors.length)
        expect(new Set(block.predecessors).size).toBe(block.predecessors.length)
      }
    const inputs = b.graph.blocks
      .flatMap((block) => block.phis)
      .flatMap((phi) => phi.args)
      .flatMap(({ op }) => (op.kind === 'const' ? [op.value] : []))
    expect(inputs.sort()).toEqual([1n, 2n, 3n])
  })

  test('blocks that nothing leads to go, with the phi operands that came from them', () => {
    const b = new GraphBuilder()
    const variable = { name: 'x', type: 'i32' as const }
    const [dead, end] = blocks(b, 2)
    b.ssa.write(variable, b.constant(1))
    b.ssa.jump(end)
    b.at(dead)
    b.ssa.write(variable, b.constant(2))
    b.ssa.jump(end)
    b.at(end)
    b.return(b.ssa.read(variable))
    expect(tidyControlFlow(b.graph)).toBe(true)
    expect(b.graph.blocks).not.toContain(dead)
    expect(show(b.graph).filter((line) => line.includes('phi'))).toEqual(['  v0 = phi b0 1'])
  })
})

describe('critical edges', () => {
  test('a block with two ways out gets a block of its own for each way to phis', () => {
    const b = new GraphBuilder()
    const variable = { name: 'x', type: 'i32' as const }
    const [other, end] = blocks(b, 2)
    const x = b.unknown()
    b.ssa.write(variable, b.constant(1))
    b.ssa.branch('eq', x, b.constant(5), end, other)
    b.at(other)
    b.ssa.write(variable, b.constant(2))
    b.ssa.jump(end)
    b.at(end)
    b.return(b.ssa.read(variable))
    splitCriticalEdges(b.graph)
    for (const block of b.graph.blocks)
      if (block.terminator.kind === 'branch') {
        expect(block.terminator.whenTrue.phis).toEqual([])
        expect(block.terminator.whenFalse.phis).toEqual([])
      }
    expect(
      show(b.graph)
        .find((line) => line.includes('phi'))
        ?.replaceAll(/b\d /g, ''),
    ).toBe('  v1 = phi 1, 2')
  })
})

describe('dead code', () => {
  test('what nobody needs goes, in chains and circles; what has an effect stays', () => {
    const b = new GraphBuilder()
    const variable = { name: 'n', type: 'i32' as const }
    const p = b.unknown('ptr')
    b.binary('mul', b.binary('add', b.load(p, 'map'), 1), 3)
    b.ssa.emit(
      { kind: 'call', callee: { kind: 'helper', name: 'clock', number: 5, writes: [], removable: true } },
      'i64',
    )
    b.store(p, 'map', b.constant(4))
    b.ssa.write(variable, b.constant(0))
    const [head, after] = blocks(b, 2)
    b.ssa.jump(head)
    b.ssa.enter(head)
    b.ssa.write(variable, b.binary('add', b.ssa.read(variable), 1))
    b.ssa.branch('ne', b.unknown('i32', 'more'), b.constant(0), head, after)
    b.ssa.seal(head)
    b.at(after)
    b.return(0)
    expect(removeDeadCode(b.graph)).toBe(true)
    expect(show(b.graph)).toEqual([
      'b0:',
      '  v0 = call unknown()',
      '  store4 map [v0+0] 4',
      '  goto b1',
      'b1:',
      '  v2 = call more()',
      '  if v2 ne 0 b1 else b2',
      'b2:',
      '  return 0',
    ])
    expect(removeDeadCode(b.graph)).toBe(false)
  })

  test('what a branch, a return or a phi needs stays', () => {
    const b = new GraphBuilder()
    const variable = { name: 'n', type: 'i32' as const }
    const x = b.unknown()
    b.branch(
      b.binary('and', x, 1),
      () => b.ssa.write(variable, b.binary('add', x, 2)),
      () => b.ssa.write(variable, b.binary('add', x, 3)),
    )
    b.return(b.binary('xor', b.ssa.read(variable), 9))
    const before = show(b.graph)
    expect(removeDeadCode(b.graph)).toBe(false)
    expect(show(b.graph)).toEqual(before)
  })
})
