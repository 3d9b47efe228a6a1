// The numbers of the BPF instruction set as of Linux 6.18. Sources: RFC 9669 (sections named below),
// include/uapi/linux/bpf.h and bpf_common.h. Keys are the RFC's mnemonics; where a kernel release is
// named, older kernels refuse the instruction at load.

/** Instruction classes, the low three bits of an opcode (RFC 9669 section 3.1, `BPF_CLASS`). */
export const instructionClass = {
  ld: 0x00,
  ldx: 0x01,
  st: 0x02,
  stx: 0x03,
  alu: 0x04,
  jmp: 0x05,
  /** 32-bit comparisons, and `gotol`. */
  jmp32: 0x06,
  alu64: 0x07,
} as const

/** Bit 3 of arithmetic and jump opcodes: where the second operand is (RFC 9669 section 3.2, `BPF_SRC`). */
export const operandSource = {
  /** The 32-bit immediate (`BPF_K`). */
  immediate: 0x00,
  /** The source register (`BPF_X`). */
  register: 0x08,
} as const

/** Arithmetic operations, the high four bits of an opcode (RFC 9669 section 4.1, `BPF_OP`). */
export const aluCode = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  /** Byte swaps (RFC 9669 section 4.2): class `alu` converts, class `alu64` always swaps (Linux 6.6). */
  end: 0xd0,
} as const

/** `offset` of a `div` or `mod` that makes it signed (RFC 9669 section 4.1; Linux 6.6). */
export const signedDivisionOffset = 1

/** `offset` of a 64-bit register `mov` that makes it a cast between address spaces (Linux 6.9, arenas). */
export const addressSpaceCastOffset = 1

/** Direction of a class `alu` byte swap, in the place of {@link operandSource} (RFC 9669 section 4.2). */
export const byteOrderCode = {
  le: 0x00,
  be: 0x08,
} as const

/** Jump operations, the high four bits of an opcode (RFC 9669 section 4.3). */
export const jumpCode = {
  ja: 0x00,
  jeq: 0x10,
  jgt: 0x20,
  jge: 0x30,
  /** Taken when `dst & operand` is not zero. */
  jset: 0x40,
  jne: 0x50,
  jsgt: 0x60,
  jsge: 0x70,
  call: 0x80,
  exit: 0x90,
  jlt: 0xa0,
  jle: 0xb0,
  jslt: 0xc0,
  jsle: 0xd0,
  /** `BPF_JCOND`: a jump the verifier or the run time decides on; source 0 is `may_goto` (Linux 6.9). */
  jcond: 0xe0,
} as const

/** Source field of a {@link jumpCode}.jcond (`BPF_MAY_GOTO`). */
export const mayGotoSource = 0

/** Memory access widths, bits 3 and 4 of load and store opcodes (RFC 9669 section 5, `BPF_SIZE`). */
export const sizeCode = {
  w: 0x00,
  h: 0x08,
  b: 0x10,
  dw: 0x18,
} as const

/** Memory access modes, the high three bits of load and store opcodes (RFC 9669 section 5, `BPF_MODE`). */
export const modeCode = {
  /** 64-bit immediate load, two slots. */
  imm: 0x00,
  /** Legacy packet access at a constant offset (RFC 9669 section 5.5). */
  abs: 0x20,
  /** Legacy packet access at a register plus a constant. */
  ind: 0x40,
  mem: 0x60,
  /** Sign-extending load (RFC 9669 section 5.2; Linux 6.6). */
  memsx: 0x80,
  atomic: 0xc0,
} as const

/** Bit of an atomic operation's code that returns the old value in the source register (`BPF_FETCH`). */
export const atomicFetchBit = 0x01

/** Atomic operations, held in the immediate (RFC 9669 section 5.3; fetching forms, and, or, xor: Linux 5.12). */
export const atomicCode = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetch_add: 0x01,
  fetch_or: 0x41,
  fetch_and: 0x51,
  fetch_xor: 0xa1,
  xchg: 0xe1,
  /** Compares with r0, and leaves the old value in r0. */
  cmpxchg: 0xf1,
  /** `BPF_LOAD_ACQ` (Linux 6.15). */
  load_acquire: 0x100,
  /** `BPF_STORE_REL` (Linux 6.15). */
  store_release: 0x110,
} as const

/** What the source field of a call says (RFC 9669 section 4.3.1). */
export const callKind = {
  /** `imm` is a helper's number. */
  helper: 0,
  /** `BPF_PSEUDO_CALL`: `imm` is the distance to a function of this program. */
  local: 1,
  /** `BPF_PSEUDO_KFUNC_CALL`: `imm` is a BTF id, `offset` an index into the loader's `fd_array`. */
  kfunc: 2,
} as const

/** What the source field of a 64-bit immediate load says (RFC 9669 section 5.4, `BPF_PSEUDO_*`). */
export const loadImm64Kind = {
  value: 0,
  /** `BPF_PSEUDO_MAP_FD`: the low half is a map's file descriptor. */
  mapFd: 1,
  /** `BPF_PSEUDO_MAP_VALUE`: the low half is a map's file descriptor, the high half an offset in its value. */
  mapValue: 2,
  /** `BPF_PSEUDO_BTF_ID`: the low half is a kernel variable's BTF id, the high half its module's BTF fd. */
  btfId: 3,
  /** `BPF_PSEUDO_FUNC`: the low half is the distance to a function of this program. */
  function: 4,
  /** `BPF_PSEUDO_MAP_IDX`: the low half is an index into `fd_array`. */
  mapIndex: 5,
  /** `BPF_PSEUDO_MAP_IDX_VALUE`: as `mapValue`, with an index into `fd_array`. */
  mapIndexValue: 6,
} as const

/** BPF CPU version, as clang's `-mcpu=v1` to `v4`: what a program may use. */
export type CpuLevel = 1 | 2 | 3 | 4

/** A group of instructions that a CPU level adds. */
export interface CpuFeature {
  readonly cpu: CpuLevel
  /** The first Linux release that takes them. */
  readonly linux: string
  /** What an instruction of the group is, for error messages. */
  readonly what: string
}

/**
 * What each CPU level adds (LLVM's BPF target, llvm/lib/Target/BPF/BPFSubtarget.cpp; kernel releases from
 * the kernel's history). What is in none of these groups is level 1. 32-bit arithmetic is as old as BPF in
 * the kernel, but the verifier follows its results, and clang emits it, from level 3 on. Stores of an
 * immediate are level 1: every kernel takes them, although clang emits them at level 4 only.
 */
export const cpuFeatures = {
  lessThanJump: { cpu: 2, linux: '4.14', what: 'a less-than jump' },
  alu32: { cpu: 3, linux: '3.18', what: '32-bit arithmetic' },
  jump32: { cpu: 3, linux: '5.1', what: 'a 32-bit comparison' },
  atomic: { cpu: 3, linux: '5.12', what: 'an atomic operation other than add' },
  signedDivision: { cpu: 4, linux: '6.6', what: 'a signed division' },
  signExtendingMove: { cpu: 4, linux: '6.6', what: 'a sign-extending move' },
  signExtendingLoad: { cpu: 4, linux: '6.6', what: 'a sign-extending load' },
  byteSwap: { cpu: 4, linux: '6.6', what: 'an unconditional byte swap' },
  longGoto: { cpu: 4, linux: '6.6', what: 'gotol' },
  mayGoto: { cpu: 4, linux: '6.9', what: 'may_goto' },
  addressSpaceCast: { cpu: 4, linux: '6.9', what: 'a cast between address spaces' },
  acquireRelease: { cpu: 4, linux: '6.15', what: 'a load-acquire or store-release' },
} as const satisfies Readonly<Record<string, CpuFeature>>

/** Opcode of a 64-bit immediate load. */
export const loadImm64Opcode = 0x18

/** Bytes of one instruction slot (RFC 9669 section 3). */
export const slotSize = 8

/** A memory access width in bytes. */
export type AccessSize = 1 | 2 | 4 | 8

/** {@link sizeCode} by width in bytes. */
export const sizeCodeOfBytes: Readonly<Record<AccessSize, number>> = {
  1: sizeCode.b,
  2: sizeCode.h,
  4: sizeCode.w,
  8: sizeCode.dw,
}

/** @returns the bytes a load or store opcode moves. */
export function accessSizeOf(opcode: number): AccessSize {
  switch (opcode & 0x18) {
    case sizeCode.b:
      return 1
    case sizeCode.h:
      return 2
    case sizeCode.w:
      return 4
    default:
      return 8
  }
}

/** @returns whether `opcode` is one this package (and Linux 6.18) has an instruction for. */
export function isKnownOpcode(opcode: number): boolean {
  const code = opcode & 0xf0
  const mode = opcode & 0xe0
  const size = opcode & 0x18
  const fromRegister = (opcode & operandSource.register) !== 0
  switch (opcode & 0x07) {
    case instructionClass.alu:
      return code <= aluCode.end && !(code === aluCode.neg && fromRegister)
    case instructionClass.alu64:
      return code <= aluCode.end && !((code === aluCode.neg || code === aluCode.end) && fromRegister)
    case instructionClass.jmp:
      if (code === jumpCode.ja || code === jumpCode.exit || code === jumpCode.jcond) return !fromRegister
      return code <= jumpCode.jcond
    case instructionClass.jmp32:
      if (code === jumpCode.ja) return !fromRegister
      return code <= jumpCode.jsle && code !== jumpCode.call && code !== jumpCode.exit
    case instructionClass.ld:
      if (mode === modeCode.imm) return size === sizeCode.dw
      return (mode === modeCode.abs || mode === modeCode.ind) && size !== sizeCode.dw
    case instructionClass.ldx:
      return mode === modeCode.mem || (mode === modeCode.memsx && size !== sizeCode.dw)
    case instructionClass.st:
      return mode === modeCode.mem
    default:
      return mode === modeCode.mem || mode === modeCode.atomic
  }
}
