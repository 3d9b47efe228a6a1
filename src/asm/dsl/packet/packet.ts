import type { Value } from '../../ir/graph.ts'
import type { Variable } from '../../ir/ssa-builder.ts'
import type { Fields, StructField, StructType } from '../../layout/struct.ts'
import type { ProgramBuilder } from '../builder.ts'
import type { Otherwise, Scope } from '../core/emitter.ts'
import { Int } from '../core/values.ts'
import { helpers } from '../helper/helpers.ts'
import { type Ref, structRef } from '../memory/reference.ts'
import { contextParts, type PacketAccess, type PacketContext } from '../program/context-ref.ts'

/** A number of bytes; a variable one must have a small upper bound that the verifier can see (mask it). */
export type ByteCount = number | Int<'u32' | 'u16' | 'u8'>

/** The bytes of the packet that a program handles. */
export class Packet {
  readonly #b: ProgramBuilder
  readonly #context: Value
  readonly #layout: StructType
  readonly #access: PacketAccess
  readonly #data: Variable = { name: 'data', type: 'ptr' }
  readonly #end: Variable = { name: 'data_end', type: 'ptr' }
  readonly #scope: Scope

  /** Made by `b.packet`. */
  constructor(b: ProgramBuilder, context: PacketContext) {
    const { type, pointer } = contextParts(context)
    this.#b = b
    this.#context = pointer
    this.#layout = type.layout
    this.#access = type.packet
    this.#scope = b.emitter.scope
    this.#readPointers()
  }

  /**
   * Makes the first `bytes` bytes of the packet readable. A packet is often kept in several pieces of memory of which
   * only the first can be read directly; if that is too short, `bpf_skb_pull_data` makes it long enough, which may
   * move the packet: references from before are invalid afterwards. `otherwise` is for packets that are shorter.
   *
   * Programs that have no such helper (XDP, cgroup) get no more than a check: what is not in the first piece counts as
   * not there, and references stay valid.
   */
  require(bytes: ByteCount, options: { readonly otherwise: Otherwise }): void {
    this.#check()
    const { emitter } = this.#b
    const { ssa } = emitter
    const needed = this.#at(bytes)
    if (this.#access === 'direct') {
      this.#b.orElse('le', needed, ssa.read(this.#end), options.otherwise)
      return
    }
    const [pull, after] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch('gt', needed, ssa.read(this.#end), pull, after)
    ssa.seal(pull)
    ssa.enter(pull)
    const length = typeof bytes === 'number' ? emitter.constant(BigInt(bytes), 'i32') : bytes.ir
    const result = this.#b.emitter.call(helpers.skb_pull_data, 'i64', [this.#context, length])
    this.#b.orElse('eq', result, emitter.constant(0n, 'i64'), options.otherwise)
    this.#readPointers()
    ssa.jump(after)
    ssa.seal(after)
    ssa.enter(after)
    emitter.movePacket()
  }

  /** A header at a byte offset from the start of the packet, after proving that all of it is there. */
  header<F extends Fields>(
    type: StructType<F>,
    options: { readonly at: ByteCount; readonly otherwise: Otherwise },
  ): Ref<F, 'packet'> {
    this.#check()
    const { emitter } = this.#b
    const start = this.#at(options.at)
    const behind = this.#add(start, emitter.constant(BigInt(type.size), 'i64'))
    this.#b.orElse('le', behind, emitter.ssa.read(this.#end), options.otherwise)
    return structRef(emitter, type, start, 'packet', type.name)
  }

  #check(): void {
    const { emitter } = this.#b
    emitter.checkScope(this.#scope, 'the packet')
    emitter.checkReachable('statement')
  }

  #at(offset: ByteCount): Value {
    const { emitter } = this.#b
    const data = emitter.ssa.read(this.#data)
    return this.#add(
      data,
      offset instanceof Int ? offset.toU64().ir : emitter.constant(BigInt(offset), 'i64'),
    )
  }

  #add(pointer: Value, step: Value): Value {
    return this.#b.emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [pointer, step])
  }

  #readPointers(): void {
    // 32-bit fields to the program, 64-bit pointers to the verifier, which rewrites the access.
    const { emitter } = this.#b
    for (const [variable, name] of [
      [this.#data, 'data'],
      [this.#end, 'dataEnd'],
    ] as const) {
      const { offset } = this.#layout.fields[name] as StructField
      const op = { kind: 'load', size: 4, offset, space: 'context' } as const
      emitter.ssa.write(variable, emitter.emit(op, 'ptr', [this.#context]))
    }
  }
}
