import type { Place } from './errors.ts'
import { VmError } from './errors.ts'
import type { Machine } from './machine.ts'
import type { Region } from './memory.ts'
import type { Word } from './word.ts'

/**
 * A helper or kfunc of the interpreter. It returns r0 (a number is sign-extended, a bigint wrapped to 64 bits), or
 * nothing when the function is `void`: r0 then holds garbage, as the other caller-saved registers do.
 */
export type VmFunction = (call: Call) => number | bigint | undefined

/** Functions by helper name (`bpf_map_lookup_elem`), helper number, kfunc name or BTF id. */
export type VmFunctions = Readonly<Record<string | number, VmFunction>>

/** A call in progress, as the called function sees it. Arguments are counted from 0. */
export class Call {
  readonly machine: Machine
  readonly #arguments: readonly Word[]
  readonly #place: Place

  /** Made by the interpreter. */
  constructor(machine: Machine, registers: readonly Word[], place: Place) {
    this.machine = machine
    this.#arguments = registers.slice(1, 6)
    this.#place = place
  }

  /** An argument, all 64 bits, unsigned. */
  u64(index: number): bigint {
    return this.#word(index).unsigned()
  }

  /** An argument's low 32 bits, unsigned. */
  u32(index: number): number {
    return this.#word(index).lo >>> 0
  }

  /** An argument's low 32 bits, signed. */
  s32(index: number): number {
    return this.#word(index).lo
  }

  /**
   * The memory that an argument points at, live: what is written there the program sees.
   *
   * @throws {MemoryAccessError} unless all `size` bytes are within one region
   */
  bytes(index: number, size: number, write = false): Uint8Array {
    const { lo, hi } = this.#word(index)
    return this.machine.memory.bytes(lo, hi, size, write, this.#place)
  }

  /** As {@link bytes}, to write to. */
  writable(index: number, size: number): Uint8Array {
    return this.bytes(index, size, true)
  }

  /** What an argument that is a handle (a map, a kernel object) stands for. @throws {VmError} if it is not one of `type` */
  object<T extends object>(index: number, type: abstract new (...args: never[]) => T): T {
    const { lo, hi } = this.#word(index)
    const found = this.machine.memory.objectAt(lo, hi)
    if (found instanceof type) return found
    throw this.error(`argument ${index + 1} is no ${type.name}`)
  }

  /** The region of memory that an argument points into. @throws {MemoryAccessError} */
  region(index: number): Region {
    const { lo, hi } = this.#word(index)
    return this.machine.memory.find(lo, hi, 1, false, this.#place)
  }

  /** The function of the program whose address an argument is: for helpers with a callback. */
  target(index: number): (args: readonly (number | bigint)[]) => bigint {
    const { lo, hi } = this.#word(index)
    return (args) => this.machine.callFunction(lo, hi, args, this.#place)
  }

  /** An error of this call, to be thrown. */
  error(message: string): VmError {
    return new VmError('VM_CALL', message, this.#place)
  }

  #word(index: number): Word {
    const word = this.#arguments[index]
    if (word === undefined) throw new RangeError(`a call has arguments 0 to 4, not ${index}`)
    return word
  }
}
