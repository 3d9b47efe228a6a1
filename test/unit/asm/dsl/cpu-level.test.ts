import { expect, test } from 'vitest'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { cpuLevelOf } from '../../../../src/asm/isa/cpu-level.ts'
import type { CpuLevel } from '../../../../src/asm/isa/opcodes.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { ingress } from '../../../../src/programs/load-balancer/datapath/ingress.ts'

/** Compares 32 bits, which takes `jmp32`, of level 3. */
function compare(cpu?: CpuLevel): ProgramSpec {
  return tc(
    'compare',
    (b, skb) => {
      b.if(skb.mark.lt(skb.len), () => b.return(1))
      b.return(0)
    },
    cpu === undefined ? {} : { cpu },
  )
}

test('a program keeps to the CPU level it asks for', () => {
  const levels = compare(3).instructions.map(cpuLevelOf)
  expect(Math.max(...levels)).toBe(3)
  expect(compare(3).instructions.map(({ opcode }) => opcode)).toEqual(
    compare().instructions.map(({ opcode }) => opcode),
  )
})

test('what has no replacement at that level is refused, with the author’s line', () => {
  expect(() => compare(2)).toThrow(
    expect.objectContaining({
      code: 'ASSEMBLE_CPU_LEVEL',
      message: expect.stringContaining('cpu-level.test.ts:13'),
    }),
  )
})

test('the load balancer needs no more than level 3', () => {
  expect(Math.max(...ingress().instructions.map(cpuLevelOf))).toBe(3)
})
