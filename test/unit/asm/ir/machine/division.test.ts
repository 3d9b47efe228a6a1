import { expect, test } from 'vitest'
import { compile } from '../../../../../src/asm/ir/compile.ts'
import { parseGraph } from '../../../../../src/asm/ir/text/parse.ts'
import { Machine } from '../../../../../src/asm/vm/machine.ts'

// A pass may find out that a divisor is 0 long after the front end has folded what it could.
test.each([
  ['div', 'i32', 0n],
  ['mod', 'i32', 7n],
  ['sdiv', 'i64', 0n],
  ['smod', 'i64', 7n],
])('%s.%s by a constant 0 is no instruction that the kernel refuses', (operator, type, result) => {
  const zero = type === 'i32' ? '0' : '0:i64'
  const seven = type === 'i32' ? '7' : '7:i64'
  const graph = parseGraph(`function f\nb0:\n  v0 = ${operator} ${type} ${seven}, ${zero}\n  return v0\n`)
  const { instructions } = compile([graph], { passes: 'none' })
  for (const { opcode, imm } of instructions)
    if ([0x34, 0x37, 0x94, 0x97].includes(opcode)) expect(imm).not.toBe(0)
  expect(new Machine(instructions, { name: 'f' }).run(() => [])).toBe(result)
})
