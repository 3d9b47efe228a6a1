import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AluOp,
  alu,
  aluOps,
  be,
  bswap,
  le,
  movsx,
  neg,
  type Width,
} from '../../../../src/asm/isa/alu.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, type JumpOp, ja, jump, jumpOps } from '../../../../src/asm/isa/jump.ts'
import { loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { r0, r1, r2 } from '../../../../src/asm/isa/registers.ts'
import { Machine } from '../../../../src/asm/vm/machine.ts'

const edges = [
  0n,
  1n,
  2n,
  0x7fffn,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
]
  .concat([0x1f_ffff_ffff_ffffn, 0x20_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n])
  .concat([0xffff_ffff_8000_0000n, 0xffff_ffff_ffff_ffffn])
const anyWord = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.nat({ max: 70 }).map(BigInt),
)
const anyImm = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  fc.constantFrom(0, 1, -1, -0x8000_0000),
)

/** RFC 9669 section 4.1, in bigints. */
function meaning(op: AluOp, width: Width, a: bigint, b: bigint): bigint {
  const u = (value: bigint): bigint => BigInt.asUintN(width, value)
  const s = (value: bigint): bigint => BigInt.asIntN(width, value)
  const shift = b & BigInt(width - 1)
  switch (op) {
    case 'add':
      return u(a + b)
    case 'sub':
      return u(a - b)
    case 'mul':
      return u(a * b)
    case 'div':
      return u(b) === 0n ? 0n : u(a) / u(b)
    case 'mod':
      return u(b) === 0n ? u(a) : u(a) % u(b)
    case 'sdiv':
      return u(b) === 0n ? 0n : u(s(a) / s(b))
    case 'smod':
      return u(b) === 0n ? u(a) : u(s(a) % s(b))
    case 'or':
      return u(a | b)
    case 'and':
      return u(a & b)
    case 'xor':
      return u(a ^ b)
    case 'lsh':
      return u(a << shift)
    case 'rsh':
      return u(a) >> shift
    case 'arsh':
      return u(s(a) >> shift)
    case 'mov':
      return u(b)
  }
}

function holds(op: JumpOp, width: Width, left: bigint, right: bigint): boolean {
  const [a, b] = [BigInt.asUintN(width, left), BigInt.asUintN(width, right)]
  const [x, y] = [BigInt.asIntN(width, left), BigInt.asIntN(width, right)]
  const results: Record<JumpOp, boolean> = {
    jeq: a === b,
    jne: a !== b,
    jgt: a > b,
    jge: a >= b,
    jlt: a < b,
    jle: a <= b,
    jset: (a & b) !== 0n,
    jsgt: x > y,
    jsge: x >= y,
    jslt: x < y,
    jsle: x <= y,
  }
  return results[op]
}

/** Runs instructions on r1 = a and r2 = b and gives r1. */
function result(body: readonly Instruction[], a: bigint, b = 0n): bigint {
  return new Machine([...body, alu('mov', 64, r0, r1), exit()]).run(() => [a, b])
}

const legalImm = (op: AluOp, width: Width, imm: number): number =>
  ['lsh', 'rsh', 'arsh'].includes(op)
    ? Math.abs(imm) % width
    : ['div', 'mod', 'sdiv', 'smod'].includes(op) && imm === 0
      ? 1
      : imm

for (const width of [32, 64] as const) {
  describe(`${width}-bit operations`, () => {
    for (const op of aluOps) {
      test(`${op} of registers`, () => {
        const machine = new Machine([alu(op, width, r1, r2), alu('mov', 64, r0, r1), exit()])
        fc.assert(
          fc.property(anyWord, anyWord, (a, b) => {
            expect(machine.run(() => [a, b])).toBe(meaning(op, width, a, b))
          }),
          { numRuns: 300 },
        )
      })

      test(`${op} of an immediate`, () => {
        fc.assert(
          fc.property(anyWord, anyImm, (a, imm) => {
            const legal = legalImm(op, width, imm)
            expect(result([alu(op, width, r1, legal)], a)).toBe(meaning(op, width, a, BigInt(legal)))
          }),
        )
      })

      test(`${op} of a register with itself`, () => {
        fc.assert(
          fc.property(anyWord, (a) => {
            expect(result([alu(op, width, r1, r1)], a)).toBe(meaning(op, width, a, a))
          }),
        )
      })
    }

    test('neg', () => {
      fc.assert(
        fc.property(anyWord, (a) => {
          expect(result([neg(width, r1)], a)).toBe(BigInt.asUintN(width, -a))
        }),
      )
    })

    test('movsx', () => {
      fc.assert(
        fc.property(anyWord, fc.constantFrom(8 as const, 16 as const, 32 as const), (a, bits) => {
          fc.pre(bits < width)
          expect(result([movsx(width, r1, r2, bits)], 0n, a)).toBe(
            BigInt.asUintN(width, BigInt.asIntN(bits, a)),
          )
        }),
      )
    })

    for (const op of jumpOps) {
      test(`${op} of registers`, () => {
        const machine = new Machine([
          jump(op, width, r1, r2, 2),
          alu('mov', 64, r0, 0),
          exit(),
          alu('mov', 64, r0, 1),
          exit(),
        ])
        const words = fc.oneof(
          fc.tuple(anyWord, anyWord),
          anyWord.map((a) => [a, a] as [bigint, bigint]),
          // Equal low or high halves: where comparing 64 bits by halves goes wrong.
          fc
            .tuple(anyWord, anyWord)
            .map(([a, b]) => [a, (a & 0xffff_ffffn) | (b & ~0xffff_ffffn)] as [bigint, bigint]),
          fc
            .tuple(anyWord, anyWord)
            .map(([a, b]) => [a, (b & 0xffff_ffffn) | (a & ~0xffff_ffffn)] as [bigint, bigint]),
        )
        fc.assert(
          fc.property(words, ([a, b]) => {
            expect(machine.run(() => [a, b])).toBe(holds(op, width, a, b) ? 1n : 0n)
          }),
          { numRuns: 300 },
        )
      })

      test(`${op} of an immediate`, () => {
        fc.assert(
          fc.property(anyWord, anyImm, (a, imm) => {
            const body = [jump(op, width, r1, imm, 2), alu('mov', 64, r1, 0), ja(1), alu('mov', 64, r1, 1)]
            expect(result(body, a)).toBe(holds(op, width, a, BigInt(imm)) ? 1n : 0n)
          }),
        )
      })
    }
  })
}

describe('byte order', () => {
  const reversed = (value: bigint, bits: number): bigint => {
    let result = 0n
    for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((value >> BigInt(i)) & 0xffn)
    return result
  }
  test.each([16, 32, 64] as const)('%i bits', (bits) => {
    fc.assert(
      fc.property(anyWord, (a) => {
        expect(result([bswap(r1, bits)], a)).toBe(reversed(a, bits))
        expect(result([be(r1, bits)], a)).toBe(reversed(a, bits))
        expect(result([le(r1, bits)], a)).toBe(BigInt.asUintN(bits, a))
      }),
    )
  })
})

describe('64-bit immediates', () => {
  test('are loaded whole, and branches count both their slots', () => {
    fc.assert(
      fc.property(anyWord, (value) => {
        expect(result([ja(2), loadImm64(r1, 1n), loadImm64(r1, value)], 0n)).toBe(value)
      }),
    )
  })
})
