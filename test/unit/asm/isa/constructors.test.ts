import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add32,
  add64,
  addrSpaceCast,
  alu,
  aluOps,
  and32,
  and64,
  be,
  div64,
  lsh32,
  mov32,
  movsx,
  sdiv64,
} from '../../../../src/asm/isa/alu.ts'
import { callHelper, callKfunc, callKfuncById } from '../../../../src/asm/isa/call.ts'
import { encode } from '../../../../src/asm/isa/encode.ts'
import { annotate, rawInstruction, withImm, withImm64, withOffset } from '../../../../src/asm/isa/fields.ts'
import { exit, ja, jeq32, jeq64, jump, jumpOps } from '../../../../src/asm/isa/jump.ts'
import { loadImm64, loadMap, loadMapFd, loadMapValue } from '../../../../src/asm/isa/load-imm64.ts'
import { atomic, load, loadSigned, store } from '../../../../src/asm/isa/memory.ts'
import { aluCode, atomicCode, isKnownOpcode, jumpCode } from '../../../../src/asm/isa/opcodes.ts'
import { r0, r1, r2, r10, register } from '../../../../src/asm/isa/registers.ts'
import { arbitraryInstruction } from './arbitrary-instruction.ts'

describe('constructors', () => {
  it('make frozen instructions with known opcodes', () => {
    fc.assert(
      fc.property(arbitraryInstruction, (instruction) => {
        expect(Object.isFrozen(instruction)).toBe(true)
        expect(isKnownOpcode(instruction.opcode)).toBe(true)
      }),
    )
  })

  it('list every operation of the tables', () => {
    const rest = (table: object, ...not: string[]): string[] =>
      Object.keys(table).filter((name) => !not.includes(name))
    expect([...aluOps].sort()).toEqual([...rest(aluCode, 'neg', 'end'), 'sdiv', 'smod'].sort())
    expect([...jumpOps].sort()).toEqual(rest(jumpCode, 'ja', 'call', 'exit', 'jcond').sort())
    expect(rest(atomicCode, 'load_acquire', 'store_release')).toHaveLength(10)
  })

  it('set the fields', () => {
    expect(add64(r1, -4)).toEqual({ opcode: 0x07, dst: 1, src: 0, offset: 0, imm: -4 })
    expect(add32(r1, r2)).toEqual({ opcode: 0x0c, dst: 1, src: 2, offset: 0, imm: 0 })
    expect(sdiv64(r1, r2)).toEqual({ opcode: 0x3f, dst: 1, src: 2, offset: 1, imm: 0 })
    expect(movsx(64, r1, r2, 32)).toEqual({ opcode: 0xbf, dst: 1, src: 2, offset: 32, imm: 0 })
    expect(be(r1, 16)).toEqual({ opcode: 0xdc, dst: 1, src: 0, offset: 0, imm: 16 })
    expect(addrSpaceCast(r1, r2, 0, 1)).toEqual({ opcode: 0xbf, dst: 1, src: 2, offset: 1, imm: 1 })
    expect(load(8, r1, r10, -8)).toEqual({ opcode: 0x79, dst: 1, src: 10, offset: -8, imm: 0 })
    expect(loadSigned(1, r1, r2, 3)).toEqual({ opcode: 0x91, dst: 1, src: 2, offset: 3, imm: 0 })
    expect(store(4, r10, -8, r1)).toEqual({ opcode: 0x63, dst: 10, src: 1, offset: -8, imm: 0 })
    expect(store(4, r10, -8, 7)).toEqual({ opcode: 0x62, dst: 10, src: 0, offset: -8, imm: 7 })
    expect(atomic('cmpxchg', 8, r1, 0, r2)).toEqual({ opcode: 0xdb, dst: 1, src: 2, offset: 0, imm: 0xf1 })
    expect(jeq64(r1, r2, 5)).toEqual({ opcode: 0x1d, dst: 1, src: 2, offset: 5, imm: 0 })
    expect(callHelper(1)).toEqual({ opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 1 })
    expect(callKfuncById(1234, 2)).toEqual({ opcode: 0x85, dst: 0, src: 2, offset: 2, imm: 1234 })
    expect(callKfunc('bpf_ct_release')).toMatchObject({
      src: 2,
      symbol: { kind: 'kfunc', name: 'bpf_ct_release' },
    })
    expect(loadMap(r1, 'services')).toEqual({
      opcode: 0x18,
      dst: 1,
      src: 1,
      offset: 0,
      imm: 0,
      imm64: 0n,
      symbol: { kind: 'map', name: 'services' },
    })
    expect(loadMapValue(r1, 'config', 8)).toMatchObject({ src: 2, imm: 0, imm64: 8n << 32n })
    expect(loadImm64(r1, -1)).toMatchObject({ src: 0, imm: -1, imm64: 0xffff_ffff_ffff_ffffn })
  })

  it('take unsigned immediates where only 32 bits count', () => {
    expect(mov32(r1, 0xffff_ffff).imm).toBe(-1)
    expect(and32(r1, 0xffff_ff00).imm).toBe(-256)
    expect(jeq32(r1, 0x8000_0000).imm).toBe(-0x8000_0000)
    expect(store(4, r1, 0, 0xffff_ffff).imm).toBe(-1)
    expect(store(1, r1, 0, 255).imm).toBe(255)
  })
})

describe('constructors refuse', () => {
  const cases: [() => unknown, string][] = [
    [() => add64(r1, 2 ** 31), 'add64: imm must be an integer -2147483648 to 2147483647, got 2147483648'],
    [() => and64(r1, 1.5), 'and64: imm must be an integer -2147483648 to 2147483647, got 1.5'],
    [() => mov32(r1, 2 ** 32), 'mov32: imm must be an integer -2147483648 to 4294967295, got 4294967296'],
    [() => mov32(r10, 1), 'mov32: dst must not be r10'],
    [() => lsh32(r1, 32), 'lsh32: imm (the shift) must be an integer 0 to 31, got 32'],
    [() => alu('arsh', 64, r1, -1), 'arsh64: imm (the shift) must be an integer 0 to 63, got -1'],
    [() => div64(r1, 0), 'div64: imm (the divisor) must not be 0'],
    // @ts-expect-error an operation of another table
    [() => alu('jeq', 64, r1, 1), `alu: op must be one of ${aluOps.join(', ')}, got "jeq"`],
    // @ts-expect-error no such width
    [() => alu('add', 16, r1, 1), 'add: width must be one of 32, 64, got 16'],
    // @ts-expect-error a register's number is no register
    [() => add64(1, 1), 'add64: dst must be a register (r0 to r10), got 1'],
    [() => movsx(32, r1, r2, 32), 'movsx32: bits must be one of 8, 16, got 32'],
    [() => load(4, r1, r2, 32768), 'load 4: offset must be an integer -32768 to 32767, got 32768'],
    // @ts-expect-error no such size
    [() => load(3, r1, r2, 0), 'load: size must be one of 1, 2, 4, 8, got 3'],
    [() => store(1, r1, 0, 256), 'store 1: imm must be an integer -128 to 255, got 256'],
    [
      () => store(8, r1, 0, 2 ** 31),
      'store 8: imm must be an integer -2147483648 to 2147483647, got 2147483648',
    ],
    [() => atomic('xchg', 8, r1, 0, r10), 'atomic xchg: src must not be r10'],
    [
      () => jump('jeq', 64, r1, 2 ** 31),
      'jeq64: imm must be an integer -2147483648 to 2147483647, got 2147483648',
    ],
    [() => ja(-32769), 'ja: offset must be an integer -32768 to 32767, got -32769'],
    [() => callHelper(-1), 'call helper: number must be an integer 0 to 2147483647, got -1'],
    [() => callKfunc('bpf ct'), 'call kfunc: name must be a C identifier, got "bpf ct"'],
    [() => loadImm64(r1, 2 ** 53), 'ld_imm64: value must be a safe integer, got 9007199254740992'],
    [() => loadImm64(r1, 1n << 64n), 'ld_imm64: value must be -2^63 to 2^64-1, got 18446744073709551616'],
    [() => loadMap(r1, 'a b'), 'load map: name must be made of A-Z a-z 0-9 _ ., got "a b"'],
    [() => loadMapFd(r1, -1), 'load map: fd must be an integer 0 to 2147483647, got -1'],
    [() => rawInstruction({ opcode: 0x18 }), 'instruction: ld_imm64 needs imm64'],
    [
      () => rawInstruction({ opcode: 0x07, imm64: 1n }),
      'instruction: opcode 0x7 has no 64-bit immediate, only ld_imm64 (0x18) has',
    ],
    [() => register(11), 'register: number must be 0 to 10, got 11'],
    [() => withOffset(exit(), 40_000), 'instruction: offset must be an integer -32768 to 32767, got 40000'],
    [
      () => withImm64(exit(), 1n),
      'instruction: opcode 0x95 has no 64-bit immediate, only ld_imm64 (0x18) has',
    ],
  ]
  it.each(cases.map(([make, message]) => [message, make] as const))('%s', (message, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INSTRUCTION_RANGE', message }))
  })

  it('a constant too wide for 64-bit arithmetic with a way out', () => {
    expect(() => and64(r0, 0xffff_ffff)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('loadImm64') }),
    )
  })
})

describe('changes', () => {
  it('give new frozen instructions and leave the old one', () => {
    const source = { file: 'lb.ts', line: 42, column: 3 }
    const original = ja(1)
    const changed = annotate(withOffset(original, 2), { source, comment: 'why' })
    expect(changed).toEqual({ ...original, offset: 2, source, comment: 'why' })
    expect(Object.isFrozen(changed)).toBe(true)
    expect(original.offset).toBe(1)
  })

  it('of a map address keep the offset in its value and stay encodable', () => {
    const loaded = withImm(loadMapValue(r1, 'config', 17), 7)
    expect(loaded).toMatchObject({ imm: 7, imm64: (17n << 32n) | 7n, symbol: { name: 'config' } })
    expect(encode([loaded])).toHaveLength(16)
    expect(withImm64(loaded, 0xffff_ffffn)).toMatchObject({ imm: -1, imm64: 0xffff_ffffn })
  })
})
