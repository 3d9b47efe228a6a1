import type { Instruction } from '../isa/instruction.ts'
import type { FunctionSpec } from '../program.ts'

/** A map as far as an analysis wants to know it; a `MapSpec` is one. */
export interface MapShape {
  readonly name: string
  /** bpftool's name, such as `percpu_array`. */
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  /** Bytes. */
  readonly valueSize: number
}

/** A kernel function as far as an analysis wants to know it; a `KfuncSpec` is one. */
export interface CalleeShape {
  readonly name: string
  readonly parameters: readonly string[]
  /** Such as `nf_conn *`. */
  readonly returns: string
}

/** What a load from the context gives besides a number. */
export type ContextPointer = 'packet' | 'packetEnd' | 'packetMeta'

/** A program of any origin: compiled, read from an object, or taken out of the kernel. */
export interface AnalysisInput {
  readonly instructions: readonly Instruction[]
  /** Those known by name; functions that are only called are found. */
  readonly functions?: readonly FunctionSpec[]
  /** The program's type by libbpf's name, which says what the context holds. */
  readonly type?: string | undefined
  readonly maps?: readonly MapShape[]
  readonly kfuncs?: readonly CalleeShape[]
  /**
   * Loads from the context that give pointers, by offset; by default those of `struct __sk_buff` and `xdp_md`. In a
   * program that the verifier has rewritten they are those of the kernel's own structs.
   */
  readonly contextPointers?: ReadonlyMap<number, ContextPointer>
}
