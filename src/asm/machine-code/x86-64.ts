/** One machine instruction. */
export interface MachineInstructionText {
  /** Bytes from the start. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
  /** In AT&T syntax, as objdump and bpftool print it; `(bad)` where this disassembler does not know the bytes. */
  readonly text: string
}

/**
 * Disassembles x86-64 machine code as far as the kernel's BPF compiler emits it (arch/x86/net/bpf_jit_comp.c). At bytes
 * that it does not know it stops: what follows may begin anywhere.
 *
 * @param address of the first byte, for the targets of jumps and calls
 */
export function disassembleX86(bytes: Uint8Array, address = 0n): MachineInstructionText[] {
  const result: MachineInstructionText[] = []
  for (let offset = 0; offset < bytes.byteLength; ) {
    const reader = new Reader(bytes, offset, address)
    const text = reader.instruction()
    if (text === undefined || reader.at > bytes.byteLength) {
      result.push({ offset, length: bytes.byteLength - offset, text: '(bad)' })
      break
    }
    result.push({ offset, length: reader.at - offset, text })
    offset = reader.at
  }
  return result
}

type Width = 8 | 16 | 32 | 64

const suffixes: Readonly<Record<Width, string>> = { 8: 'b', 16: 'w', 32: 'l', 64: 'q' }
const legacy = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const
const arithmetic = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'] as const
const shifts = ['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'shl', 'sar'] as const
const unary = ['test', 'test', 'not', 'neg', 'mul', 'imul', 'div', 'idiv'] as const
const conditions = [
  'o',
  'no',
  'b',
  'ae',
  'e',
  'ne',
  'be',
  'a',
  's',
  'ns',
  'p',
  'np',
  'l',
  'ge',
  'le',
  'g',
] as const

class Reader {
  at: number
  readonly #view: DataView
  readonly #address: bigint
  #rex = 0
  #operand16 = false
  #segment = ''

  constructor(bytes: Uint8Array, at: number, address: bigint) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.#address = address
  }

  /** The text of the next instruction; undefined for bytes that are not known or cut off. */
  instruction(): string | undefined {
    try {
      return this.#decode()
    } catch (error) {
      // A DataView throws behind the end of the bytes.
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  #decode(): string | undefined {
    let lock = ''
    let repeat = false
    for (;;) {
      const byte = this.#u8()
      if (byte === 0x66) this.#operand16 = true
      else if (byte === 0xf0) lock = 'lock '
      else if (byte === 0xf3) repeat = true
      else if (byte === 0x65) this.#segment = '%gs:'
      else if ((byte & 0xf0) === 0x40) this.#rex = byte
      else {
        const text = repeat ? this.#repeated(byte) : byte === 0xc4 ? this.#vex() : this.#opcode(byte)
        return text === undefined ? undefined : lock + text
      }
    }
  }

  /** Opcodes behind f3: endbr64, pause. */
  #repeated(byte: number): string | undefined {
    if (byte === 0x90) return 'pause'
    if (byte === 0x0f && this.#u8() === 0x1e && this.#u8() === 0xfa) return 'endbr64'
    return undefined
  }

  get #width(): Width {
    return (this.#rex & 8) !== 0 ? 64 : this.#operand16 ? 16 : 32
  }

  #opcode(byte: number): string | undefined {
    const width: Width = (byte & 1) === 0 && byte !== 0x8d && byte !== 0x90 ? 8 : this.#width
    // add, or, … cmp: six forms each, of which these four are in use.
    if (byte < 0x40 && (byte & 7) < 6) {
      const name = arithmetic[byte >> 3] ?? ''
      if ((byte & 7) >= 4)
        return `${name}${suffixes[width]} $${this.#immediate(width)}, ${register(0, width, true)}`
      const { reg, operand } = this.#modrm(width)
      const own = this.#register(reg, width)
      return `${name}${suffixes[width]} ${(byte & 2) === 0 ? `${own}, ${operand}` : `${operand}, ${own}`}`
    }
    if (byte >= 0x50 && byte < 0x60)
      return `${byte < 0x58 ? 'push' : 'pop'}q ${register((byte & 7) | ((this.#rex & 1) << 3), 64, true)}`
    if (byte >= 0x70 && byte < 0x80) return `j${conditions[byte & 15]} ${this.#target(this.#s8())}`
    if (byte >= 0xb8 && byte < 0xc0) {
      const name = register((byte & 7) | ((this.#rex & 1) << 3), this.#width, true)
      if (this.#width !== 64) return `mov${suffixes[this.#width]} $${this.#immediate(this.#width)}, ${name}`
      const value = this.#view.getBigInt64(this.at, true)
      this.at += 8
      return `movabsq $${value}, ${name}`
    }
    switch (byte) {
      case 0x0f:
        return this.#twoBytes(this.#u8())
      case 0x63: {
        const { reg, operand } = this.#modrm(32)
        return `movslq ${operand}, ${this.#register(reg, 64)}`
      }
      case 0x69:
      case 0x6b: {
        const { reg, operand } = this.#modrm(this.#width)
        const value = byte === 0x6b ? this.#s8() : this.#immediate(this.#width)
        return `imul${suffixes[this.#width]} $${value}, ${operand}, ${this.#register(reg, this.#width)}`
      }
      case 0x80:
      case 0x81:
      case 0x83: {
        const { reg, operand } = this.#modrm(width)
        const value = byte === 0x81 ? this.#immediate(width) : this.#s8()
        return `${arithmetic[reg & 7]}${suffixes[width]} $${value}, ${operand}`
      }
      case 0x84:
      case 0x85:
      case 0x86:
      case 0x87:
      case 0x88:
      case 0x89: {
        const { reg, operand } = this.#modrm(width)
        const name = byte < 0x86 ? 'test' : byte < 0x88 ? 'xchg' : 'mov'
        return `${name}${suffixes[width]} ${this.#register(reg, width)}, ${operand}`
      }
      case 0x8a:
      case 0x8b: {
        const { reg, operand } = this.#modrm(width)
        return `mov${suffixes[width]} ${operand}, ${this.#register(reg, width)}`
      }
      case 0x8d: {
        const { reg, operand } = this.#modrm(this.#width)
        return `lea${suffixes[this.#width]} ${operand}, ${this.#register(reg, this.#width)}`
      }
      case 0x90:
        return this.#operand16 ? 'nop' : this.#rex === 0 ? 'nop' : undefined
      case 0x98:
        return this.#width === 64 ? 'cltq' : 'cwtl'
      case 0x99:
        return this.#width === 64 ? 'cqto' : 'cltd'
      case 0xa8:
      case 0xa9:
        return `test${suffixes[width]} $${this.#immediate(width)}, ${register(0, width, true)}`
      case 0xc0:
      case 0xc1:
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3: {
        const { reg, operand } = this.#modrm(width)
        const by = byte >= 0xd2 ? '%cl, ' : byte >= 0xd0 ? '' : `$${this.#u8()}, `
        return `${shifts[reg & 7]}${suffixes[width]} ${by}${operand}`
      }
      case 0xc3:
        return 'retq'
      case 0xc6:
      case 0xc7: {
        const { reg, operand } = this.#modrm(width)
        return (reg & 7) === 0 ? `mov${suffixes[width]} $${this.#immediate(width)}, ${operand}` : undefined
      }
      case 0xc9:
        return 'leave'
      case 0xcc:
        return 'int3'
      case 0xe8:
        return `callq ${this.#target(this.#s32())}`
      case 0xe9:
        return `jmp ${this.#target(this.#s32())}`
      case 0xeb:
        return `jmp ${this.#target(this.#s8())}`
      case 0xf6:
      case 0xf7: {
        const { reg, operand } = this.#modrm(width)
        const name = unary[reg & 7]
        return `${name}${suffixes[width]} ${name === 'test' ? `$${this.#immediate(width)}, ` : ''}${operand}`
      }
      case 0xff: {
        const { reg, operand } = this.#modrm(64)
        const name = ['incq ', 'decq ', 'callq *', undefined, 'jmpq *', undefined, 'pushq '][reg & 7]
        return name === undefined || (reg & 7) < 2 ? undefined : `${name}${operand}`
      }
      default:
        return undefined
    }
  }

  #twoBytes(byte: number): string | undefined {
    if (byte >= 0x80 && byte < 0x90) return `j${conditions[byte & 15]} ${this.#target(this.#s32())}`
    if (byte >= 0xc8 && byte < 0xd0)
      return `bswap${suffixes[this.#width]} ${register((byte & 7) | ((this.#rex & 1) << 3), this.#width, true)}`
    if (byte >= 0x40 && byte < 0x50) {
      const { reg, operand } = this.#modrm(this.#width)
      return `cmov${conditions[byte & 15]}${suffixes[this.#width]} ${operand}, ${this.#register(reg, this.#width)}`
    }
    const width: Width = (byte & 1) === 0 ? 8 : this.#width
    switch (byte) {
      case 0x0b:
        return 'ud2'
      case 0x1f: {
        const { operand } = this.#modrm(this.#width)
        return `nop${suffixes[this.#width]} ${operand}`
      }
      case 0xae: {
        const fence = { 232: 'lfence', 240: 'mfence', 248: 'sfence' }[this.#u8()]
        return fence
      }
      case 0xaf: {
        const { reg, operand } = this.#modrm(this.#width)
        return `imul${suffixes[this.#width]} ${operand}, ${this.#register(reg, this.#width)}`
      }
      case 0xb0:
      case 0xb1:
      case 0xc0:
      case 0xc1: {
        const { reg, operand } = this.#modrm(width)
        return `${byte < 0xc0 ? 'cmpxchg' : 'xadd'}${suffixes[width]} ${this.#register(reg, width)}, ${operand}`
      }
      case 0xb6:
      case 0xb7:
      case 0xbe:
      case 0xbf: {
        const from: Width = (byte & 1) === 0 ? 8 : 16
        const { reg, operand } = this.#modrm(from)
        const name = byte < 0xb8 ? 'movz' : 'movs'
        return `${name}${suffixes[from]}${suffixes[this.#width]} ${operand}, ${this.#register(reg, this.#width)}`
      }
      default:
        return undefined
    }
  }

  /** shlx, shrx, sarx of BMI2: a three-byte VEX prefix, opcode f7. */
  #vex(): string | undefined {
    const [first, second, opcode] = [this.#u8(), this.#u8(), this.#u8()]
    // Map 0f38; the prefixes are inverted.
    if ((first & 0x1f) !== 2 || opcode !== 0xf7) return undefined
    this.#rex = 0x40 | ((~first >> 5) & 7) | ((second & 0x80) >> 4)
    const name = [undefined, 'shlx', 'sarx', 'shrx'][second & 3]
    const by = (~second >> 3) & 15
    const { reg, operand } = this.#modrm(this.#width)
    if (name === undefined) return undefined
    return `${name}${suffixes[this.#width]} ${register(by, this.#width, true)}, ${operand}, ${this.#register(reg, this.#width)}`
  }

  /** The two operands of a ModRM byte: a register's number, and a register or memory. */
  #modrm(width: Width): { readonly reg: number; readonly operand: string } {
    const byte = this.#u8()
    const [mode, low] = [byte >> 6, byte & 7]
    const reg = ((byte >> 3) & 7) | ((this.#rex & 4) << 1)
    if (mode === 3) return { reg, operand: this.#register(low | ((this.#rex & 1) << 3), width) }
    let base: string | undefined
    let index = ''
    if (low === 4) {
      const sib = this.#u8()
      const indexNumber = ((sib >> 3) & 7) | ((this.#rex & 2) << 2)
      if (indexNumber !== 4)
        index = `,${register(indexNumber, 64, true)}${sib >> 6 === 0 ? '' : `,${1 << (sib >> 6)}`}`
      base = (sib & 7) === 5 && mode === 0 ? '' : register((sib & 7) | ((this.#rex & 1) << 3), 64, true)
    } else base = mode === 0 && low === 5 ? '%rip' : register(low | ((this.#rex & 1) << 3), 64, true)
    const far = mode === 2 || (mode === 0 && (base === '' || base === '%rip'))
    const distance = mode === 1 ? this.#s8() : far ? this.#s32() : 0
    const place = base === '' && index === '' ? '' : `(${base}${index})`
    const shown = distance !== 0 || place === '' ? `${distance}` : ''
    return { reg, operand: `${this.#segment}${shown}${place}` }
  }

  #register(number: number, width: Width): string {
    return register(number, width, this.#rex !== 0)
  }

  #target(distance: number): string {
    return `0x${BigInt.asUintN(64, this.#address + BigInt(this.at + distance)).toString(16)}`
  }

  /** An immediate as wide as the operand, but 32 bits at most. */
  #immediate(width: Width): number {
    if (width === 8) return this.#s8()
    // Of 32-bit operands unsigned, of 64-bit ones sign-extended.
    if (width !== 16) return width === 32 ? this.#s32() >>> 0 : this.#s32()
    const value = this.#view.getInt16(this.at, true)
    this.at += 2
    return value
  }

  #u8(): number {
    const value = this.#view.getUint8(this.at)
    this.at++
    return value
  }

  #s8(): number {
    const value = this.#view.getInt8(this.at)
    this.at++
    return value
  }

  #s32(): number {
    const value = this.#view.getInt32(this.at, true)
    this.at += 4
    return value
  }
}

/** A register's name. @param rex with a REX prefix, numbers 4 to 7 of 8 bits are spl to dil and not ah to bh */
function register(number: number, width: Width, rex: boolean): string {
  const name = legacy[number]
  if (name === undefined) return `%r${number}${{ 8: 'b', 16: 'w', 32: 'd', 64: '' }[width]}`
  switch (width) {
    case 64:
      return `%r${name}`
    case 32:
      return `%e${name}`
    case 16:
      return `%${name}`
    case 8:
      if (number < 4) return `%${name[0]}l`
      return rex ? `%${name}l` : `%${legacy[number - 4]?.[0]}h`
  }
}
