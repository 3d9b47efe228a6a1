import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode } from '../../../../src/asm/isa/decode.ts'
import { encode, slotCount } from '../../../../src/asm/isa/encode.ts'
import { InstructionDecodeError, InstructionRangeError } from '../../../../src/asm/isa/errors.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { loadImm64, loadMapValue } from '../../../../src/asm/isa/load-imm64.ts'
import { load } from '../../../../src/asm/isa/memory.ts'
import { isKnownOpcode } from '../../../../src/asm/isa/opcodes.ts'
import { r1, r2 } from '../../../../src/asm/isa/registers.ts'
import { arbitraryInstruction } from './arbitrary-instruction.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('encode and decode', () => {
  it('are inverse, in both byte orders', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryInstruction, { maxLength: 20 }),
        fc.constantFrom('little' as const, 'big' as const),
        (program, endianness) => {
          const bytes = encode(program, endianness)
          expect(bytes.length).toBe(8 * program.reduce((sum, each) => sum + slotCount(each), 0))
          expect(decode(bytes, endianness)).toEqual(program)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('keep any bytes that decode as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        fc.pre(isKnownOpcode(bytes[0] ?? 0) && bytes[0] !== 0x18)
        fc.pre((bytes[1] ?? 0) >> 4 <= 10 && ((bytes[1] ?? 0) & 15) <= 10)
        expect(encode(decode(bytes))).toEqual(bytes)
      }),
    )
  })

  it('puts the fields where RFC 9669 section 3 says', () => {
    const program = [load(4, r2, r1, -2), loadImm64(r1, 0x1122334455667788n)]
    expect(hexOf(encode(program))).toBe('6112feff00000000' + '1801000088776655' + '0000000044332211')
    expect(hexOf(encode(program, 'big'))).toBe('6121fffe00000000' + '1810000055667788' + '0000000011223344')
  })

  it('reads from a view into a larger buffer', () => {
    const bytes = bytesOf(`ffffff${hexOf(encode([exit()]))}`)
    expect(decode(bytes.subarray(3))).toEqual([exit()])
  })
})

const conformance = new URL('../../../../../shared/conformance/bpf_conformance.json', import.meta.url)

describe.skipIf(!existsSync(conformance))(
  'conformance programs (skipped where the vectors are not there)',
  () => {
    const programs: { name: string; bytes: string }[] = existsSync(conformance)
      ? JSON.parse(readFileSync(conformance, 'utf8'))
      : []

    it('are there', () => expect(programs.length).toBeGreaterThan(200))

    it.each(programs.map(({ name, bytes }) => [name, bytes] as const))('%s', (_, bytes) => {
      expect(hexOf(encode(decode(bytesOf(bytes))))).toBe(bytes)
    })
  },
)

describe('decode refuses', () => {
  it.each([
    ['95', 'slot 0: the program ends in the middle of a slot: 1 bytes are not a multiple of 8'],
    [
      '950000000000000095',
      'slot 1: the program ends in the middle of a slot: 9 bytes are not a multiple of 8',
    ],
    ['9500000000000000ff00000000000000', 'slot 1: unknown opcode 0xff'],
    ['bf0b000000000000', 'slot 0: there is no register r11 (dst)'],
    ['bfc0000000000000', 'slot 0: there is no register r12 (src)'],
    ['1801000000000000', 'slot 0: ld_imm64 takes two slots, and the program ends after its first'],
    [
      '18010000000000009500000000000000',
      'slot 1: in the second half of an ld_imm64 opcode, registers and offset must be 0',
    ],
    [
      '18010000000000000000010000000000',
      'slot 1: in the second half of an ld_imm64 opcode, registers and offset must be 0',
    ],
  ])('%s', (hex, message) => {
    expect(() => decode(bytesOf(hex))).toThrow(
      expect.objectContaining({ message, code: 'INSTRUCTION_DECODE' }),
    )
    expect(() => decode(bytesOf(hex))).toThrow(InstructionDecodeError)
  })

  it('never anything in another way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(encode(decode(bytes))).toEqual(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(InstructionDecodeError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('encode refuses', () => {
  it.each([
    [{ offset: 0x8000 }, 'encode instruction 1: offset must be an integer -32768 to 32767, got 32768'],
    [
      { imm: 2 ** 31 },
      'encode instruction 1: imm must be an integer -2147483648 to 2147483647, got 2147483648',
    ],
    [{ dst: 11 }, 'encode instruction 1: dst must be an integer 0 to 10, got 11'],
    [{ src: -1 }, 'encode instruction 1: src must be an integer 0 to 10, got -1'],
    [{ opcode: 256 }, 'encode instruction 1: opcode must be an integer 0 to 255, got 256'],
    [{ imm: 0.5 }, 'encode instruction 1: imm must be an integer -2147483648 to 2147483647, got 0.5'],
    [{ imm64: 1n }, 'encode instruction 1: imm64 is set, but the opcode is not ld_imm64 (0x18)'],
  ])('%o', (change, message) => {
    const broken = { ...load(4, r2, r1, 0), ...change }
    expect(() => encode([exit(), broken])).toThrow(
      expect.objectContaining({ message, code: 'INSTRUCTION_RANGE' }),
    )
    expect(() => encode([exit(), broken])).toThrow(InstructionRangeError)
  })

  it('an ld_imm64 whose halves disagree', () => {
    expect(() => encode([{ ...loadMapValue(r1, 'config', 8), imm: 5 }])).toThrow(
      'encode instruction 0: imm (5) is not the low half of imm64 (0x800000000)',
    )
  })
})
