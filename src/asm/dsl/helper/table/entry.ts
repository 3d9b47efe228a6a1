import type { MemorySpace } from '../../../ir/graph.ts'
import { be16, type ScalarType, s32, u32, u64 } from '../../../layout/scalar.ts'
import type { MapType } from '../../../program.ts'
import type { HelperProgram } from './program-sets.ts'

/**
 * A parameter of a helper, as authors pass it. Memory goes with its size: the kernel's size parameter is not in the
 * table, the size is that of the struct or array that is passed.
 */
export type HelperParameter =
  | ScalarType
  /** The program's context. */
  | { readonly kind: 'context' }
  /** A map; of one of these types, if given. */
  | { readonly kind: 'map'; readonly types?: readonly MapType[] }
  /** A key of the map in the same call. */
  | { readonly kind: 'key' }
  /** A value of the map in the same call; `written`: the helper fills it in. */
  | { readonly kind: 'value'; readonly written: boolean; readonly optional: boolean }
  /** Memory of the program; its size goes along as the next argument, or must be `size`. */
  | {
      readonly kind: 'memory'
      readonly written: boolean
      /** Whether `null` may be passed. */
      readonly optional: boolean
      /** Bytes, where the kernel takes no size. */
      readonly size?: number
    }
  /** Flags, 64 bits unless `type` says otherwise; 0 where they are left out. */
  | { readonly kind: 'flags'; readonly type: ScalarType }
  /** An address that the helper checks itself: of user space, or anywhere in the kernel. */
  | { readonly kind: 'address' }
  /** A constant text with its size in front of or behind it; `sized`: the size goes along as the next argument. */
  | { readonly kind: 'text'; readonly sized: boolean }
  /** What only the DSL's own statements can pass. */
  | {
      readonly kind:
        | 'callback'
        | 'callback context'
        | 'spin lock'
        | 'timer'
        | 'dynptr'
        | 'record'
        | 'per-CPU object'
        | 'kptr'
        | 'kptr field'
        | 'seq_file'
    }
  /** A kernel object with BTF: `task_struct`. */
  | { readonly kind: 'object'; readonly struct: string }
  | {
      readonly kind: 'socket'
      /** Whether it can be a kernel object with BTF, such as a `tcp_sock`, as well. */
      readonly typed: boolean
      /** The call releases it. */
      readonly released: boolean
      /** Whether socket lookup programs may pass `null`. */
      readonly optional: boolean
    }

/** What a helper returns. */
export type HelperResult =
  | 'void'
  | ScalarType
  /** Memory of the program's or null; which, the statement of that helper knows. */
  | { readonly kind: 'memory or null' }
  /** A kernel object; `acquired`: it must be released; `nullable`: or null. */
  | {
      readonly kind: 'object'
      readonly struct: string
      readonly acquired: boolean
      readonly nullable: boolean
      /** It is the socket that the call was given, seen as another type: released, it is gone with it. */
      readonly cast?: boolean
    }

/** A helper function. */
export interface HelperEntry<
  P extends HelperProgram = HelperProgram,
  T extends Readonly<Record<string, HelperParameter>> = Readonly<Record<string, HelperParameter>>,
  R extends HelperResult = HelperResult,
> {
  /** The first release that has it. */
  readonly since: string
  /** Types of the programs that may call it. */
  readonly programs: readonly P[]
  /** By name, in order. */
  readonly takes: T
  readonly gives: R
  /** Spaces of memory that it changes, besides what it is given to write to. */
  readonly writes: readonly MemorySpace[]
  /** It may move the packet: pointers into it are invalid afterwards. */
  readonly moves: boolean
  /** It does nothing but compute its result, so that a call whose result is not used can go. */
  readonly pure: boolean
  /** Only programs under a GPL-compatible license may call it. */
  readonly gpl: boolean
}

interface Effects {
  readonly writes?: readonly MemorySpace[]
  readonly moves?: true
  readonly pure?: true
  readonly gpl?: true
}

/** Makes an entry of the table. */
export function helper<
  const P extends readonly HelperProgram[],
  const T extends Readonly<Record<string, HelperParameter>>,
  const R extends HelperResult,
>(since: string, programs: P, takes: T, gives: R, effects: Effects = {}): HelperEntry<P[number], T, R> {
  return {
    since,
    programs,
    takes,
    gives,
    writes: effects.moves === true ? ['packet', 'context'] : (effects.writes ?? []),
    moves: effects.moves === true,
    pure: effects.pure === true,
    gpl: effects.gpl === true,
  }
}

// Kinds of parameters, by the names that the table reads best with.

export const context = { kind: 'context' } as const
export const anyMap = { kind: 'map' } as const
export const key = { kind: 'key' } as const
export const value = { kind: 'value', written: false, optional: false } as const
export const initialValue = { kind: 'value', written: false, optional: true } as const
export const valueOut = { kind: 'value', written: true, optional: false } as const
/** Memory that is read. */
export const input = { kind: 'memory', written: false, optional: false } as const
/** Memory that is read, or null. */
export const inputOrNull = { kind: 'memory', written: false, optional: true } as const
/** Memory that is filled in, or read and changed. */
export const output = { kind: 'memory', written: true, optional: false } as const
export const flags = { kind: 'flags', type: u64 } as const
export const flags32 = { kind: 'flags', type: u32 } as const
export const address = { kind: 'address' } as const
export const text = { kind: 'text', sized: true } as const
/** A constant text whose end is its zero byte. */
export const bareText = { kind: 'text', sized: false } as const
export const callback = { kind: 'callback' } as const
export const callbackContext = { kind: 'callback context' } as const
export const spinLock = { kind: 'spin lock' } as const
export const timer = { kind: 'timer' } as const
export const dynptr = { kind: 'dynptr' } as const
export const record = { kind: 'record' } as const
export const socket = { kind: 'socket', typed: true, released: false, optional: false } as const
/** A socket as uapi structs show it: no kernel object with BTF. */
export const plainSocket = { kind: 'socket', typed: false, released: false, optional: false } as const
export const releasedSocket = { kind: 'socket', typed: true, released: true, optional: false } as const
export const socketOrNull = { kind: 'socket', typed: true, released: false, optional: true } as const
export const perCpuObject = { kind: 'per-CPU object' } as const
export const seqFile = { kind: 'seq_file' } as const
export const int = s32
/** EtherTypes and the like. */
export const network16 = be16

export function mapOf<const T extends readonly MapType[]>(...types: T) {
  return { kind: 'map', types } as const
}

/** Memory of exactly `size` bytes that is read. */
export function inputOf(size: number) {
  return { kind: 'memory', written: false, optional: false, size } as const
}

/** Memory of exactly `size` bytes that is filled in. */
export function outputOf(size: number) {
  return { kind: 'memory', written: true, optional: false, size } as const
}

export function object(struct: string) {
  return { kind: 'object', struct } as const
}

/** An element of a map or a piece of memory, or null. */
export const memoryOrNull = { kind: 'memory or null' } as const

/** An object that stays valid as long as what it was got from, or null. */
export function objectOrNull<const S extends string>(struct: S) {
  return { kind: 'object', struct, acquired: false, nullable: true } as const
}

/** An object that must be released, or null. */
export function acquiredOrNull<const S extends string>(struct: S) {
  return { kind: 'object', struct, acquired: true, nullable: true } as const
}

/** The socket that is passed as what it may be, or null. */
export function castOrNull<const S extends string>(struct: S) {
  return { kind: 'object', struct, acquired: false, nullable: true, cast: true } as const
}
