import type { SourcePosition } from '../diagnostics/source-position.ts'

/**
 * One BPF instruction (RFC 9669 section 3), immutable. A 64-bit immediate load (`ld_imm64`) is one
 * `Instruction` although it takes two 8-byte slots when encoded.
 */
export interface Instruction {
  /** Operation code, 0–255: class in the low three bits, the rest depends on the class. */
  readonly opcode: number
  /** Destination register, 0–10. */
  readonly dst: number
  /** Source register, 0–10, or the pseudo kind of calls and `ld_imm64` (`BPF_PSEUDO_*`). */
  readonly src: number
  /** Signed 16-bit offset: bytes for memory access, instruction slots for jumps. */
  readonly offset: number
  /** Signed 32-bit immediate; for `ld_imm64` the low half of {@link imm64}, as a signed number. */
  readonly imm: number
  /** The whole 64-bit immediate, unsigned; present on `ld_imm64` only. */
  readonly imm64?: bigint
  /** What the loader must fill in before the kernel sees this instruction. */
  readonly symbol?: SymbolReference
  /** The statement that emitted this instruction. */
  readonly source?: SourcePosition
  /** A remark for listings. */
  readonly comment?: string
}

/** A name in an instruction that only the loader can turn into a number. */
export type SymbolReference =
  /** `ld_imm64` of a map's file descriptor. */
  | { readonly kind: 'map'; readonly name: string }
  /** A call of a kernel function: its BTF id goes to `imm`, the index of its module into `offset`. */
  | { readonly kind: 'kfunc'; readonly name: string }
  /** A call of a helper; the number is known, the name is for listings. */
  | { readonly kind: 'helper'; readonly name: string }
  /**
   * A kernel struct's member, such as `tuplehash[1].tuple.dst`: a memory access whose offset is the member's, or a move
   * whose immediate is.
   */
  | { readonly kind: 'field'; readonly struct: string; readonly path: string; readonly size: number }
