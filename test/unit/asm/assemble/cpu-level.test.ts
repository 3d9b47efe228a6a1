import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../../src/asm/assemble/assembler.ts'
import { CpuLevelError } from '../../../../src/asm/assemble/errors.ts'
import { branch, type Item, label, plain } from '../../../../src/asm/assemble/items.ts'
import { addrSpaceCast, alu, aluOps, bswap, movsx, neg, sdiv64 } from '../../../../src/asm/isa/alu.ts'
import { cpuLevelOf } from '../../../../src/asm/isa/cpu-level.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import {
  exit,
  gotol,
  jeq32,
  jgt64,
  jlt64,
  jslt64,
  jump,
  jumpOps,
  mayGoto,
} from '../../../../src/asm/isa/jump.ts'
import { loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { atomic, loadAcquire, loadSigned, store, storeRelease } from '../../../../src/asm/isa/memory.ts'
import type { CpuLevel } from '../../../../src/asm/isa/opcodes.ts'
import { type Register, r0, r1, r2, r3, r10 } from '../../../../src/asm/isa/registers.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'
import { Machine } from '../../../../src/asm/vm/machine.ts'

const end = plain(exit())

function lowered(instruction: Instruction, cpu: CpuLevel, endianness: 'little' | 'big' = 'little'): string[] {
  const { instructions } = assemble([plain(instruction), end], { cpu, endianness })
  return instructions.slice(0, -1).map((each) => pseudoC(each))
}

describe('assemble for a CPU level', () => {
  it.each([
    [jslt64(r1, r2), 1, ['if r2 s> r1 goto +0']],
    [jlt64(r1, 5), 1, ['if r1 >= 5 goto +1', 'goto +0']],
    [bswap(r1, 32), 3, ['r1 = be32 r1']],
    [movsx(64, r1, r2, 8), 3, ['r1 = r2', 'r1 <<= 56', 'r1 s>>= 56']],
    [movsx(32, r1, r2, 16), 3, ['w1 = w2', 'w1 <<= 16', 'w1 s>>= 16']],
    [loadSigned(2, r1, r2, -4), 3, ['r1 = *(u16 *)(r2 - 4)', 'r1 <<= 48', 'r1 s>>= 48']],
    [gotol(0), 3, ['goto +0']],
    [alu('mov', 32, r1, -2), 2, ['r1 = 0xfffffffe ll']],
    [alu('rsh', 32, r1, 3), 1, ['r1 <<= 32', 'r1 >>= 35']],
  ] as const)('%o at v%i', (instruction, cpu, texts) => {
    expect(lowered(instruction, cpu)).toEqual(texts)
  })

  it('swaps bytes as the other byte order on a big-endian machine', () => {
    expect(lowered(bswap(r1, 16), 3, 'big')).toEqual(['r1 = le16 r1'])
  })

  it.each([
    [jlt64(r1, 5), 2],
    [alu('add', 32, r1, r2), 3],
    [jeq32(r1, 5), 3],
    [atomic('fetch_add', 8, r1, 0, r2), 3],
    [atomic('and', 8, r1, 0, r2), 3],
    [atomic('add', 8, r1, 0, r2), 1],
    [store(4, r1, 0, 5), 1],
    [jgt64(r1, 5), 1],
    [loadImm64(r1, 5), 1],
    [bswap(r1, 16), 4],
    [loadAcquire(4, r1, r2, 0), 4],
  ] as const)('%o is of v%i', (instruction, level) => {
    expect(cpuLevelOf(instruction)).toBe(level)
    if (level > 1) return
    expect(lowered(instruction, 1)).toEqual([pseudoC(instruction)])
  })

  it.each([
    [
      sdiv64(r1, r2),
      3,
      'item 0, `r1 s/= r2`, is a signed division, of cpu v4 (Linux 6.6); the program may use v3',
    ],
    [mayGoto(0), 3, 'item 0, `may_goto +0`, is may_goto, of cpu v4 (Linux 6.9); the program may use v3'],
    [addrSpaceCast(r1, r2, 0, 1), 3, undefined],
    [storeRelease(4, r1, 0, r2), 3, undefined],
    [jeq32(r1, 1, 0), 2, undefined],
    [atomic('xchg', 8, r10, -8, r2), 2, undefined],
    [alu('lsh', 32, r1, r2), 2, undefined],
    [alu('div', 32, r1, r2), 2, undefined],
    [alu('mod', 32, r1, -1), 1, undefined],
  ] as const)('refuses %o at v%i', (instruction, cpu, message) => {
    const source = { file: 'p.s', line: 7, column: 1 }
    const attempt = (): unknown => assemble([plain(annotate(instruction, { source })), end], { cpu })
    expect(attempt).toThrow(CpuLevelError)
    expect(attempt).toThrow(/\(p\.s:7\)$/)
    if (message !== undefined) expect(attempt).toThrow(message)
  })

  it('keeps labels and jumps in place when instructions grow', () => {
    const items = [
      label('top'),
      branch(jlt64(r1, 1), 'top'),
      plain(movsx(64, r0, r1, 8)),
      label('after'),
      branch(jlt64(r1, 2), 'out'),
      plain(neg(64, r0)),
      label('out'),
      end,
    ]
    const { instructions, labels } = assemble(items, { cpu: 1 })
    expect(instructions.map((each) => pseudoC(each))).toEqual([
      'if r1 >= 1 goto +1',
      'goto -2',
      'r0 = r1',
      'r0 <<= 56',
      'r0 s>>= 56',
      'if r1 >= 2 goto +1',
      'goto +1',
      'r0 = -r0',
      'exit',
    ])
    expect([...labels.values()]).toEqual([0, 5, 8])
  })

  it('computes the same as before, in the interpreter', () => {
    const register = fc.constantFrom(r1, r2, r3)
    const imm = fc.oneof(
      fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      fc.integer({ min: -40, max: 40 }),
    )
    const wide = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: 5n }))
    const instruction = fc.oneof(
      fc
        .tuple(
          fc.constantFrom(...aluOps),
          fc.constantFrom(32 as const, 64 as const),
          register,
          fc.oneof(register, imm),
        )
        .map(([op, width, dst, value]) => alu(op, width, dst, legal(op, width, value))),
      fc
        .tuple(register, register, fc.constantFrom(8 as const, 16 as const, 32 as const))
        .map((it) => movsx(64, ...it)),
      fc.tuple(register, register, fc.constantFrom(8 as const, 16 as const)).map((it) => movsx(32, ...it)),
      fc.tuple(register, fc.constantFrom(16 as const, 32 as const, 64 as const)).map((it) => bswap(...it)),
      fc.tuple(fc.constantFrom(32 as const, 64 as const), register).map((it) => neg(...it)),
      fc
        .tuple(
          fc.constantFrom(1 as const, 2 as const, 4 as const),
          register,
          fc.integer({ min: -8, max: -4 }),
        )
        .map(([size, dst, offset]) => loadSigned(size, dst, r10, offset)),
    )
    const conditional = fc
      .tuple(
        fc.constantFrom(...jumpOps),
        fc.constantFrom(32 as const, 64 as const),
        register,
        fc.oneof(register, imm),
      )
      .map(([op, width, dst, operand]) => jump(op, width, dst, operand))
    const level = fc.constantFrom<CpuLevel>(1, 2, 3)
    let compared = 0
    fc.assert(
      fc.property(
        level,
        fc.array(wide, { minLength: 3, maxLength: 3 }),
        instruction,
        conditional,
        (cpu, [a, b, c], one, jumps) => {
          const items: Item[] = [
            plain(loadImm64(r1, a ?? 0n)),
            plain(loadImm64(r2, b ?? 0n)),
            plain(loadImm64(r3, c ?? 0n)),
            plain(store(8, r10, -8, r1)),
            plain(alu('mov', 64, r0, 0)),
            plain(one),
            branch(jumps, 'taken'),
            plain(alu('mov', 64, r0, 1)),
            label('taken'),
            ...[r1, r2, r3].flatMap((each) => [
              plain(alu('mul', 64, r0, 31)),
              plain(alu('add', 64, r0, each)),
            ]),
            end,
          ]
          let older: readonly Instruction[]
          try {
            older = assemble(items, { cpu }).instructions
          } catch (error) {
            if (error instanceof CpuLevelError) return
            throw error
          }
          expect(older.every((each) => cpuLevelOf(each) <= cpu)).toBe(true)
          expect(run(older)).toBe(run(assemble(items).instructions))
          compared++
        },
      ),
      { numRuns: 2000 },
    )
    expect(compared).toBeGreaterThan(500)
  })
})

function legal(op: string, width: number, value: Register | number): Register | number {
  if (typeof value !== 'number') return value
  if (['lsh', 'rsh', 'arsh'].includes(op)) return Math.abs(value) % width
  return ['div', 'mod', 'sdiv', 'smod'].includes(op) && value === 0 ? 1 : value
}

function run(instructions: readonly Instruction[]): bigint {
  return BigInt(new Machine(instructions, { name: 'compared' }).run(() => [0, 0]))
}
