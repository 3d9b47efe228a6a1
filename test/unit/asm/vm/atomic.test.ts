import { describe, expect, test } from 'vitest'
import { mov64 } from '../../../../src/asm/isa/alu.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { atomic } from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2 } from '../../../../src/asm/isa/registers.ts'
import { run } from './run-instructions.ts'

describe('atomics', () => {
  const word = (
    body: readonly Instruction[],
    before: bigint,
    value: bigint,
    compare = 0n,
  ): [bigint, bigint] => {
    const bytes = new Uint8Array(8)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(0, before, true)
    const result = run([loadImm64(r2, value), loadImm64(r0, compare), ...body], bytes)
    return [result, view.getBigUint64(0, true)]
  }
  const old = 0xffff_ffff_8000_0001n
  const value = 0x0000_0001_8000_0003n
  const operations = {
    add: old + value,
    or: old | value,
    and: old & value,
    xor: old ^ value,
  } as const

  for (const [name, result] of Object.entries(operations)) {
    const op = name as keyof typeof operations
    test(op, () => {
      const u64 = BigInt.asUintN(64, result)
      const u32 = (old & ~0xffff_ffffn) | BigInt.asUintN(32, result)
      const oldLow = BigInt.asUintN(32, old)
      expect(word([atomic(op, 8, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([value, u64])
      expect(word([atomic(`fetch_${op}`, 8, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([
        old,
        u64,
      ])
      expect(word([atomic(op, 4, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([value, u32])
      expect(word([atomic(`fetch_${op}`, 4, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([
        oldLow,
        u32,
      ])
    })
  }

  test('xchg', () => {
    expect(word([atomic('xchg', 8, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([old, value])
    expect(word([atomic('xchg', 4, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([
      0x8000_0001n,
      0xffff_ffff_8000_0003n,
    ])
  })

  test('cmpxchg stores where r0 is equal, and gives the old value in r0', () => {
    const body = (size: 4 | 8): Instruction[] => [atomic('cmpxchg', size, r1, 0, r2), exit()]
    expect(word(body(8), old, value, old)).toEqual([old, value])
    expect(word(body(8), old, value, old + 1n)).toEqual([old, old])
    expect(word(body(8), old, value, old & 0xffff_ffffn)).toEqual([old, old])
    expect(word(body(4), old, value, 0x7700_0000_8000_0001n)).toEqual([0x8000_0001n, 0xffff_ffff_8000_0003n])
    expect(word(body(4), old, value, 5n)).toEqual([0x8000_0001n, old])
  })
})
