import { describe, expect, test } from 'vitest'
import type { BinaryOperator, Comparison, Value } from '../../../../src/asm/ir/graph.ts'
import { simplify } from '../../../../src/asm/ir/passes/simplify.ts'
import { GraphBuilder } from './build.ts'
import { show } from './show.ts'

/** What a graph of one block looks like after the pass was run as often as it helps, without its first line. */
function simplified(write: (b: GraphBuilder) => Value): string[] {
  const b = new GraphBuilder()
  b.return(write(b))
  while (simplify(b.graph)) {
    // Until nothing changes, as the compiler runs it.
  }
  return show(b.graph).slice(1)
}

/** The right operand is a constant only once the graph is known: a phi of twice the same. */
function late(b: GraphBuilder, value: number | bigint, type: 'i32' | 'i64' = 'i32'): Value {
  const variable = { name: 'late', type }
  b.branch(
    b.unknown('i32', 'which'),
    () => b.ssa.write(variable, b.constant(value, type)),
    () => b.ssa.write(variable, b.constant(value, type)),
  )
  return b.ssa.read(variable)
}

/** The lines about values, without the calls that make unknown ones. */
function valuesOf(write: (b: GraphBuilder) => Value): string[] {
  return simplified(write).filter((line) => / = (?!call)/.test(line) || line.includes('return'))
}

describe('constants', () => {
  test('that become known through phis are folded', () => {
    expect(valuesOf((b) => b.binary('add', late(b, 5), late(b, 6)))).toEqual(['  return 11'])
  })

  test('fold in the width of their type', () => {
    expect(valuesOf((b) => b.binary('add', late(b, 0xffff_ffff), late(b, 2)))).toEqual(['  return 1'])
    expect(valuesOf((b) => b.binary('add', late(b, 0xffff_ffff, 'i64'), late(b, 2, 'i64')))).toEqual([
      '  return 4294967297',
    ])
  })

  test.each<[BinaryOperator, number, string]>([
    ['add', 0, 'v0'],
    ['sub', 0, 'v0'],
    ['or', 0, 'v0'],
    ['xor', 0, 'v0'],
    ['mul', 1, 'v0'],
    ['div', 1, 'v0'],
    ['lsh', 32, 'v0'],
    ['and', 0xffff_ffff, 'v0'],
    ['and', 0, '0'],
    ['mul', 0, '0'],
    ['mod', 1, '0'],
    ['div', 0, '0'],
    ['mod', 0, 'v0'],
    ['or', 0xffff_ffff, '4294967295'],
  ])('x %s %i', (operator, value, result) => {
    expect(valuesOf((b) => b.binary(operator, b.unknown(), late(b, value)))).toEqual([`  return ${result}`])
  })

  test.each<[BinaryOperator, string]>([
    ['sub', '0'],
    ['xor', '0'],
    ['and', 'v0'],
    ['or', 'v0'],
  ])('x %s x', (operator, result) => {
    expect(
      simplified((b) => {
        const x = b.unknown()
        return b.binary(operator, x, x)
      }),
    ).toEqual(['  v0 = call unknown()', `  return ${result}`])
  })

  test('move to the right of operators that do not care', () => {
    const from = (operator: BinaryOperator): string[] =>
      simplified((b) => b.binary(operator, b.constant(5), b.unknown())).slice(1)
    expect(from('add')).toEqual(['  v1 = add i32 v0, 5', '  return v1'])
    expect(from('sub')).toEqual(['  v1 = sub i32 5, v0', '  return v1'])
  })
})

describe('arithmetic', () => {
  test.each<[BinaryOperator, number, string]>([
    ['sub', 3, 'add i32 v0, 4294967293'],
    ['mul', 8, 'lsh i32 v0, 3'],
    ['div', 4096, 'rsh i32 v0, 12'],
    ['mod', 64, 'and i32 v0, 63'],
    ['mul', 6, 'mul i32 v0, 6'],
    ['div', 6, 'div i32 v0, 6'],
  ])('x %s %i', (operator, value, result) => {
    expect(simplified((b) => b.binary(operator, b.unknown(), value))).toEqual([
      '  v0 = call unknown()',
      `  v1 = ${result}`,
      '  return v1',
    ])
  })

  test('chains of additions are added up', () => {
    const lines = valuesOf((b) => b.binary('add', b.binary('sub', b.binary('add', b.unknown(), 5), 2), 4))
    expect(lines).toEqual([
      '  v1 = add i32 v0, 5',
      '  v2 = add i32 v0, 3',
      '  v3 = add i32 v0, 7',
      '  return v3',
    ])
  })

  test('masks that change nothing go', () => {
    const masked = (mask: number): string[] =>
      valuesOf((b) => b.binary('and', b.load(b.unknown('ptr'), 'packet', 0, 1), mask))
    expect(masked(0xff)).toEqual(['  v1 = load1 packet [v0+0]', '  return v1'])
    expect(masked(0x7f)).toEqual(['  v1 = load1 packet [v0+0]', '  v2 = and i32 v1, 127', '  return v2'])
  })
})

describe('addresses', () => {
  test('additions of constants go into the offset of an access', () => {
    const lines = valuesOf((b) => b.load(b.binary('add', b.unknown('ptr'), 20), 'packet', 4))
    expect(lines).toEqual(['  v1 = add ptr v0, 20', '  v2 = load4 packet [v0+24]', '  return v2'])
  })

  test('unless the sum does not fit 16 bits', () => {
    const lines = valuesOf((b) => b.load(b.binary('add', b.unknown('ptr'), 32760), 'packet', 8))
    expect(lines.at(-2)).toBe('  v2 = load4 packet [v1+8]')
  })
})

describe('phis', () => {
  test('of one value are that value', () => {
    const b = new GraphBuilder()
    const variable = { name: 'x', type: 'i32' as const }
    const x = b.unknown()
    b.ssa.write(variable, x)
    b.branch(
      b.unknown('i32', 'which'),
      () => {},
      () => {},
    )
    b.return(b.ssa.read(variable))
    simplify(b.graph)
    expect(show(b.graph).at(-1)).toBe('  return v0')
  })

  test('of a loop that does not change it, too', () => {
    const b = new GraphBuilder()
    const variable = { name: 'x', type: 'i32' as const }
    b.ssa.write(variable, b.unknown())
    const [head, body, after] = b.blocks(3)
    if (head === undefined || body === undefined || after === undefined) throw new Error('three blocks')
    b.ssa.jump(head)
    b.ssa.enter(head)
    b.ssa.branch('ne', b.ssa.read(variable), b.unknown('i32', 'more'), body, after)
    b.at(body)
    b.ssa.jump(head)
    b.ssa.seal(head)
    b.at(after)
    b.return(b.ssa.read(variable))
    simplify(b.graph)
    const lines = show(b.graph)
    expect(lines.filter((line) => line.includes('phi'))).toEqual([])
    expect(lines.at(-1)).toBe('  return v0')
  })

  test('of different values stay', () => {
    const b = new GraphBuilder()
    const variable = { name: 'x', type: 'i32' as const }
    b.branch(
      b.unknown('i32', 'which'),
      () => b.ssa.write(variable, b.constant(1)),
      () => b.ssa.write(variable, b.constant(2)),
    )
    b.return(b.ssa.read(variable))
    simplify(b.graph)
    expect(show(b.graph).filter((line) => line.includes('phi'))).toEqual(['  v1 = phi b1 1, b2 2'])
  })
})

describe('branches', () => {
  const branch = (comparison: Comparison, write: (b: GraphBuilder) => [Value, Value]): string[] => {
    const b = new GraphBuilder()
    const [left, right] = write(b)
    const [yes, no] = b.blocks(2)
    if (yes === undefined || no === undefined) throw new Error('two blocks')
    b.ssa.branch(comparison, left, right, yes, no)
    b.at(yes)
    b.return(1)
    b.at(no)
    b.return(0)
    simplify(b.graph)
    return show(b.graph)
  }
  const lastOfEntry = (lines: string[]): string | undefined => lines[lines.indexOf('b1:') - 1]

  test.each<[Comparison, number, number, number]>([
    ['lt', 1, 2, 1],
    ['slt', 0xffff_ffff, 0, 1],
    ['gt', 0xffff_ffff, 0, 1],
    ['sgt', 0xffff_ffff, 0, 0],
    ['set', 6, 1, 0],
  ])('on constants are decided: %s', (comparison, left, right, result) => {
    const lines = branch(comparison, (b) => [b.constant(left), b.constant(right)])
    expect(lines).toEqual(['b0:', '  goto b1', 'b1:', `  return ${result}`])
  })

  test.each<[Comparison, Comparison]>([
    ['lt', 'gt'],
    ['sge', 'sle'],
    ['eq', 'eq'],
    ['set', 'set'],
  ])('with a constant on the left are turned round: %s', (comparison, mirrored) => {
    const lines = branch(comparison, (b) => [b.constant(5), b.unknown()])
    expect(lastOfEntry(lines)).toMatch(new RegExp(`^ {2}if v0 ${mirrored} 5 `))
  })

  test('byte swaps are taken out of comparisons with constants, and only of equalities', () => {
    const port = (b: GraphBuilder): [Value, Value] => [
      b.ssa.emit({ kind: 'swap', bits: 16 }, 'i32', [b.load(b.unknown('ptr'), 'packet', 2, 2)]),
      b.constant(80),
    ]
    expect(lastOfEntry(branch('eq', port))).toMatch(/^ {2}if v1 eq 20480 /)
    expect(lastOfEntry(branch('lt', port))).toMatch(/^ {2}if v2 lt 80 /)
  })

  test('two byte swaps are none, unless they throw bits away', () => {
    const twice = (size: 2 | 4): string[] => {
      const swap = (b: GraphBuilder, value: Value): Value =>
        b.ssa.emit({ kind: 'swap', bits: 16 }, 'i32', [value])
      return valuesOf((b) => swap(b, swap(b, b.load(b.unknown('ptr'), 'packet', 0, size)))).slice(-1)
    }
    expect(twice(2)).toEqual(['  return v1'])
    expect(twice(4)).toEqual(['  return v3'])
  })

  test('a byte swap that throws bits away stays', () => {
    const lines = branch('eq', (b) => [
      b.ssa.emit({ kind: 'swap', bits: 16 }, 'i32', [b.load(b.unknown('ptr'), 'packet', 2, 4)]),
      b.constant(80),
    ])
    expect(lastOfEntry(lines)).toMatch(/^ {2}if v2 eq 80 /)
  })

  test('zero extensions are taken out of unsigned comparisons with what fits 32 bits', () => {
    const wide =
      (signed: boolean, constant: bigint) =>
      (b: GraphBuilder): [Value, Value] => [
        b.ssa.emit({ kind: 'extend', signed }, 'i64', [b.unknown()]),
        b.constant(constant, 'i64'),
      ]
    expect(lastOfEntry(branch('lt', wide(false, 5n)))).toMatch(/^ {2}if v0 lt 5 /)
    expect(lastOfEntry(branch('slt', wide(false, 5n)))).toMatch(/^ {2}if v1 slt 5 /)
    expect(lastOfEntry(branch('lt', wide(true, 5n)))).toMatch(/^ {2}if v1 lt 5 /)
    expect(lastOfEntry(branch('lt', wide(false, 1n << 32n)))).toMatch(/^ {2}if v1 lt 4294967296 /)
  })
})

test('says whether it changed anything', () => {
  const b = new GraphBuilder()
  b.return(b.binary('mul', b.unknown(), 8))
  expect(simplify(b.graph)).toBe(true)
  expect(simplify(b.graph)).toBe(false)
})
