import { describe, expect, test } from 'vitest'
import { parseGraph } from '../../../../src/asm/ir/text/parse.ts'
import { verifyGraph } from '../../../../src/asm/ir/verify.ts'

const problems = (text: string): string[] => verifyGraph(parseGraph(`function f\n${text}`))

describe('a graph is refused', () => {
  test.each([
    [
      'a value used before it is defined',
      'b0:\n v0 = negate i32 v1\n v1 = negate i32 1\n return v0',
      ['v0 uses v1, which is not defined on every way there'],
    ],
    [
      'a value that only one way defines',
      'b0:\n if 1 eq 2 then b1 else b2\nb1(b0):\n v0 = negate i32 1\n goto b2\nb2(b0, b1):\n return v0',
      ['the end of b2 uses v0, which is not defined on every way there'],
    ],
    [
      'a phi operand that does not come along its way',
      'b0:\n if 1 eq 2 then b1 else b2\nb1(b0):\n v0 = negate i32 1\n goto b2\nb2(b0, b1):\n v1 = phi i32 v0, 1\n return v1',
      ['v1 uses v0, which is not defined on every way there'],
    ],
    [
      'a phi with too few operands',
      'b0:\n goto b1\nb1(b0):\n v1 = phi i32 1, 2\n return v1',
      ['v1 has 2 operands, b1 1 predecessors'],
    ],
    [
      'an edge that its target does not know',
      'b0:\n goto b1\nb1:\n return 1',
      ['b0 goes to b1, which has it 0 times as predecessor'],
    ],
    [
      'a predecessor that goes elsewhere',
      'b0:\n goto b1\nb1(b0, b2):\n return 1\nb2:\n return 2',
      ['b2 is a predecessor of b1 and does not go there'],
    ],
    ['a way back to the entry', 'b0(b0):\n goto b0', ['something goes back to the entry']],
    ['a reachable block without an end', 'b0:\n never', ['b0 does not end']],
    ['operands of another width', 'b0:\n v0 = add i64 1, 2:i64\n return v0', ['v0: add i64 of i32 and i64']],
    [
      'a comparison of different widths',
      'b0:\n if 1 eq 2:i64 then b1 else b2\nb1(b0):\n return 1\nb2(b0):\n return 2',
      ['the end of b0 compares i32 with i64'],
    ],
    [
      'an access through something that is no pointer',
      'b0:\n v0 = load.4 i32 map [7:i64 + 0]\n return v0',
      ['v0: load i32 from i64'],
    ],
    [
      'a phi of different widths',
      'b0:\n goto b1\nb1(b0):\n v0 = phi i64 1\n return v0',
      ['v0: phi i64 of i32'],
    ],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected)
  })

  test('a constant among the values of a block, a value that says another block, the same value twice', () => {
    const graph = parseGraph('function f\nb0:\n v0 = negate i32 1\n goto b1\nb1(b0):\n return v0')
    const [entry, next] = graph.blocks
    const [value] = entry?.values ?? []
    const [one] = graph.floating.values()
    if (entry === undefined || next === undefined || value === undefined || one === undefined)
      throw new Error()
    next.values.push(value, one)
    expect(verifyGraph(graph)).toEqual([
      'v0 stands in b1 and says b0',
      'v0 is defined twice',
      'v1 is a const and stands in b1',
      'v1 stands in b1 and says b0',
      'two values called v1',
    ])
  })
})

test('a sound graph with a loop passes', () => {
  const loop =
    'b0:\n goto b1\nb1(b0, b1):\n v0 = phi i32 0, v1\n v1 = add i32 v0, 1\n if v1 lt 9 then b1 else b2\nb2(b1):\n return v1'
  expect(problems(loop)).toEqual([])
})
