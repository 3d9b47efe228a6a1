import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add32,
  add64,
  addrSpaceCast,
  arsh64,
  be,
  bswap,
  div64,
  le,
  lsh32,
  mod32,
  mov32,
  mov64,
  movsx,
  neg,
  sdiv64,
  smod32,
} from '../../../../src/asm/isa/alu.ts'
import {
  callHelper,
  callKfunc,
  callKfuncById,
  callLocal,
  callRegister,
} from '../../../../src/asm/isa/call.ts'
import { rawInstruction } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, gotol, ja, jeq64, jset32, jsgt32, jsle64, mayGoto } from '../../../../src/asm/isa/jump.ts'
import {
  loadBtfId,
  loadFunction,
  loadImm64,
  loadMap,
  loadMapFd,
  loadMapIndex,
  loadMapIndexValue,
  loadMapValue,
  loadMapValueFd,
} from '../../../../src/asm/isa/load-imm64.ts'
import {
  atomic,
  load,
  loadAbsolute,
  loadAcquire,
  loadIndirect,
  loadSigned,
  store,
  storeRelease,
} from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r3, r6, r7, r10 } from '../../../../src/asm/isa/registers.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'
import { arbitraryInstruction } from '../isa/arbitrary-instruction.ts'

// Forms without names of maps and functions were compared with llvm-mc and llvm-objdump 19, the new
// instructions also with the verifier log of Linux 6.18.
const forms: [Instruction, string][] = [
  [mov64(r1, r6), 'r1 = r6'],
  [mov32(r1, -1), 'w1 = -1'],
  [add64(r1, -8), 'r1 += -8'],
  [add32(r1, r2), 'w1 += w2'],
  [lsh32(r1, 4), 'w1 <<= 4'],
  [arsh64(r1, 63), 'r1 s>>= 63'],
  [div64(r1, r2), 'r1 /= r2'],
  [mod32(r1, 10), 'w1 %= 10'],
  [sdiv64(r1, r2), 'r1 s/= r2'],
  [smod32(r1, -3), 'w1 s%= -3'],
  [neg(32, r1), 'w1 = -w1'],
  [movsx(64, r1, r2, 32), 'r1 = (s32)r2'],
  [movsx(32, r1, r2, 8), 'w1 = (s8)w2'],
  [le(r1, 16), 'r1 = le16 r1'],
  [be(r1, 32), 'r1 = be32 r1'],
  [bswap(r1, 64), 'r1 = bswap64 r1'],
  [addrSpaceCast(r1, r2, 0, 1), 'r1 = addr_space_cast(r2, 0, 1)'],

  [load(4, r0, r1, 4), 'r0 = *(u32 *)(r1 + 4)'],
  [load(8, r0, r10, -16), 'r0 = *(u64 *)(r10 - 16)'],
  [loadSigned(1, r0, r1, 0), 'r0 = *(s8 *)(r1 + 0)'],
  [store(2, r10, -2, r3), '*(u16 *)(r10 - 2) = r3'],
  [store(1, r10, -2, 255), '*(u8 *)(r10 - 2) = 255'],
  [loadAbsolute(2, 12), 'r0 = *(u16 *)skb[12]'],
  [loadIndirect(1, r7, 0), 'r0 = *(u8 *)skb[r7]'],
  [loadIndirect(1, r7, -3), 'r0 = *(u8 *)skb[r7 - 3]'],
  [atomic('add', 8, r1, 0, r2), 'lock *(u64 *)(r1 + 0) += r2'],
  [atomic('xor', 4, r1, 8, r2), 'lock *(u32 *)(r1 + 8) ^= w2'],
  [atomic('fetch_or', 8, r1, 0, r2), 'r2 = atomic_fetch_or((u64 *)(r1 + 0), r2)'],
  [atomic('fetch_add', 4, r1, 0, r2), 'w2 = atomic_fetch_add((u32 *)(r1 + 0), w2)'],
  [atomic('xchg', 8, r1, 0, r2), 'r2 = xchg_64(r1 + 0, r2)'],
  [atomic('xchg', 4, r1, 0, r2), 'w2 = xchg32_32(r1 + 0, w2)'],
  [atomic('cmpxchg', 8, r1, 0, r2), 'r0 = cmpxchg_64(r1 + 0, r0, r2)'],
  [atomic('cmpxchg', 4, r1, 0, r2), 'w0 = cmpxchg32_32(r1 + 0, w0, w2)'],
  [loadAcquire(8, r0, r1, 8), 'r0 = load_acquire((u64 *)(r1 + 8))'],
  [storeRelease(2, r1, 8, r2), 'store_release((u16 *)(r1 + 8), w2)'],

  [jeq64(r1, r2, 3), 'if r1 == r2 goto +3'],
  [jsgt32(r1, 3, 2), 'if w1 s> 3 goto +2'],
  [jset32(r1, r2, -1), 'if w1 & w2 goto -1'],
  [jsle64(r1, -1, 0), 'if r1 s<= -1 goto +0'],
  [ja(-2), 'goto -2'],
  [gotol(100_000), 'gotol +100000'],
  [mayGoto(4), 'may_goto +4'],
  [exit(), 'exit'],
  [callHelper(23), 'call bpf_redirect'],
  [callHelper(9999), 'call unknown#9999'],
  [callHelper(1, 'my_lookup'), 'call my_lookup'],
  [callKfunc('bpf_skb_ct_lookup'), 'call bpf_skb_ct_lookup'],
  [callKfuncById(1234), 'call kernel-function#1234'],
  [callKfuncById(1234, 2), 'call kernel-function#1234 fd_array[2]'],
  [callLocal(-3), 'call pc-3'],
  [callRegister(r3), 'callx r3'],

  [loadImm64(r1, 0x1122334455667788n), 'r1 = 0x1122334455667788 ll'],
  [loadImm64(r1, -1), 'r1 = 0xffffffffffffffff ll'],
  [loadMap(r1, 'lb_backends'), 'r1 = map[lb_backends] ll'],
  [loadMapFd(r1, 5), 'r1 = map[fd:5] ll'],
  [loadMapValue(r1, 'config', 16), 'r1 = map[config][0]+16 ll'],
  [loadMapValueFd(r1, 5, 16), 'r1 = map[fd:5][0]+16 ll'],
  [loadMapIndex(r1, 2), 'r1 = map[idx:2] ll'],
  [loadMapIndexValue(r1, 2, 8), 'r1 = map[idx:2][0]+8 ll'],
  [loadBtfId(r1, 77), 'r1 = btf[id:77] ll'],
  [loadBtfId(r1, 77, 4), 'r1 = btf[fd:4 id:77] ll'],
  [loadFunction(r1, 7), 'r1 = subprog[+7] ll'],
]

describe('pseudoC', () => {
  it.each(forms.map(([instruction, text]) => [text, instruction] as const))('%s', (text, instruction) => {
    expect(pseudoC(instruction)).toBe(text)
  })

  it('names the target of branches when told', () => {
    expect(pseudoC(jeq64(r1, 0, 3), 'L3')).toBe('if r1 == 0 goto L3')
    expect(pseudoC(ja(3), 'L3')).toBe('goto L3')
    expect(pseudoC(callLocal(3), 'checksum')).toBe('call checksum')
    expect(pseudoC(loadFunction(r2, 3), 'callback')).toBe('r2 = callback ll')
    expect(pseudoC(exit(), 'L3')).toBe('exit')
  })

  it.each([
    [{ opcode: 0x8f, dst: 1, src: 2, offset: 3, imm: 4 }, '<opcode 0x8f dst 1 src 2 offset 3 imm 4>'],
    [{ opcode: 0x37, dst: 1, offset: 2, imm: 4 }, '<opcode 0x37 dst 1 src 0 offset 2 imm 4>'],
    [{ opcode: 0x07, dst: 1, offset: 1, imm: 4 }, '<opcode 0x07 dst 1 src 0 offset 1 imm 4>'],
    [{ opcode: 0xbc, dst: 1, src: 2, offset: 32 }, '<opcode 0xbc dst 1 src 2 offset 32 imm 0>'],
    [{ opcode: 0xdb, dst: 1, src: 2, imm: 0x10 }, '<opcode 0xdb dst 1 src 2 offset 0 imm 16>'],
    [{ opcode: 0xd3, dst: 1, src: 2, imm: 0 }, '<opcode 0xd3 dst 1 src 2 offset 0 imm 0>'],
    [{ opcode: 0xdc, dst: 1, imm: 8 }, '<opcode 0xdc dst 1 src 0 offset 0 imm 8>'],
    [{ opcode: 0x18, dst: 1, src: 9, imm64: 255n }, '<opcode 0x18 dst 1 src 9 offset 0 imm 0xff>'],
    [{ opcode: 0x85, src: 7 }, '<opcode 0x85 dst 0 src 7 offset 0 imm 0>'],
    [{ opcode: 0xe5, src: 1 }, '<opcode 0xe5 dst 0 src 1 offset 0 imm 0>'],
  ])('shows the fields of what has no meaning: %o', (fields, text) => {
    expect(pseudoC(rawInstruction(fields))).toBe(text)
  })

  it('has a form for everything the constructors make', () => {
    fc.assert(
      fc.property(arbitraryInstruction, (instruction) => {
        expect(pseudoC(instruction)).not.toMatch(/^<|undefined|NaN/)
      }),
      { numRuns: 1000 },
    )
  })
})
