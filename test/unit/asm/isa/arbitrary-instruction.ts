import fc from 'fast-check'
import {
  addrSpaceCast,
  alu,
  aluOps,
  be,
  bswap,
  le,
  movsx,
  neg,
  type Operand,
} from '../../../../src/asm/isa/alu.ts'
import { callHelper, callKfuncById, callLocal, callRegister } from '../../../../src/asm/isa/call.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, gotol, ja, jump, jumpOps, mayGoto } from '../../../../src/asm/isa/jump.ts'
import {
  loadBtfId,
  loadFunction,
  loadImm64,
  loadMapFd,
  loadMapIndex,
  loadMapIndexValue,
  loadMapValueFd,
} from '../../../../src/asm/isa/load-imm64.ts'
import {
  atomic,
  atomicOps,
  load,
  loadAbsolute,
  loadAcquire,
  loadIndirect,
  loadSigned,
  store,
  storeRelease,
} from '../../../../src/asm/isa/memory.ts'
import { registers } from '../../../../src/asm/isa/registers.ts'

const any = fc.constantFrom(...registers)
const writable = fc.constantFrom(...registers.slice(0, 10))
const width = fc.constantFrom(32 as const, 64 as const)
const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const)
const small = fc.constantFrom(1 as const, 2 as const, 4 as const)
const bits = fc.constantFrom(16 as const, 32 as const, 64 as const)
const offset = fc.integer({ min: -0x8000, max: 0x7fff })
const imm = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const positive = fc.integer({ min: 0, max: 0x7fff_ffff })
const operand = fc.oneof(any, imm)
const imm64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })

function legalOperand(op: string, bitWidth: number, value: Operand): Operand {
  if (typeof value !== 'number') return value
  if (['lsh', 'rsh', 'arsh'].includes(op)) return Math.abs(value) % bitWidth
  return ['div', 'mod', 'sdiv', 'smod'].includes(op) && value === 0 ? 1 : value
}

/** Every instruction the constructors make. */
export const arbitraryInstruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...aluOps), width, writable, operand)
    .map(([op, w, dst, value]) => alu(op, w, dst, legalOperand(op, w, value))),
  fc.tuple(width, writable, any, fc.constantFrom(8 as const, 16 as const)).map((it) => movsx(...it)),
  fc.tuple(writable, any).map(([dst, src]) => movsx(64, dst, src, 32)),
  fc.tuple(width, writable).map((it) => neg(...it)),
  fc.tuple(fc.constantFrom(le, be, bswap), writable, bits).map(([make, dst, n]) => make(dst, n)),
  fc
    .tuple(writable, any, fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }))
    .map((it) => addrSpaceCast(...it)),
  fc.tuple(size, writable, any, offset).map((it) => load(...it)),
  fc.tuple(small, writable, any, offset).map((it) => loadSigned(...it)),
  fc.tuple(size, any, offset, any).map((it) => store(...it)),
  fc.tuple(fc.constantFrom(4 as const, 8 as const), any, offset, imm).map((it) => store(...it)),
  fc.tuple(any, offset, fc.integer({ min: -128, max: 255 })).map((it) => store(1, ...it)),
  fc
    .tuple(fc.constantFrom(...atomicOps), fc.constantFrom(4 as const, 8 as const), any, offset, writable)
    .map((it) => atomic(...it)),
  fc.tuple(size, writable, any, offset).map((it) => loadAcquire(...it)),
  fc.tuple(size, any, offset, any).map((it) => storeRelease(...it)),
  fc.tuple(small, imm).map((it) => loadAbsolute(...it)),
  fc.tuple(small, any, imm).map((it) => loadIndirect(...it)),
  fc.tuple(fc.constantFrom(...jumpOps), width, any, operand, offset).map((it) => jump(...it)),
  offset.map((it) => ja(it)),
  imm.map((it) => gotol(it)),
  offset.map((it) => mayGoto(it)),
  fc.constant(exit()),
  positive.map((it) => callHelper(it)),
  fc.tuple(positive, fc.integer({ min: 0, max: 0x7fff })).map((it) => callKfuncById(...it)),
  imm.map((it) => callLocal(it)),
  any.map((it) => callRegister(it)),
  fc.tuple(writable, imm64).map((it) => loadImm64(...it)),
  fc.tuple(writable, positive).map((it) => loadMapFd(...it)),
  fc.tuple(writable, positive).map((it) => loadMapIndex(...it)),
  fc
    .tuple(fc.constantFrom(loadMapValueFd, loadMapIndexValue, loadBtfId), writable, positive, positive)
    .map(([make, ...it]) => make(...it)),
  fc.tuple(writable, imm).map((it) => loadFunction(...it)),
)
