import type { Value } from '../ir/graph.ts'
import type { Variable } from '../ir/ssa-builder.ts'
import type { Fields, StructType } from '../layout/struct.ts'
import type { ProgramBuilder } from './builder.ts'
import type { SkbContext } from './context.ts'
import { SkBuff } from './context.ts'
import type { Otherwise } from './control-flow.ts'
import type { Scope } from './emitter.ts'
import { helpers } from './helpers.ts'
import { location, type Ref, structRef } from './reference.ts'
import type { Int } from './values.ts'

/** Options of `b.packet`. */
export interface PacketOptions {
  /**
   * Bytes from the start of the packet that must be readable directly. A packet is often kept in several pieces of
   * memory of which only the first is; if that is too short, `bpf_skb_pull_data` makes it long enough.
   */
  readonly atLeast?: number
  /** What to do with packets shorter than `atLeast`. */
  readonly otherwise?: Otherwise
}

/** The bytes of the packet being handled. */
export class Packet {
  readonly #b: ProgramBuilder
  readonly #data: Variable
  readonly #end: Variable
  readonly #scope: Scope

  /** Made by `b.packet`. */
  constructor(b: ProgramBuilder, data: Variable, end: Variable) {
    this.#b = b
    this.#data = data
    this.#end = end
    this.#scope = b.emitter.scope
  }

  /**
   * A header at a byte offset from the start of the packet, after proving that all of it is there. A variable
   * offset must have a small upper bound that the verifier can see (mask it).
   */
  header<F extends Fields>(
    type: StructType<F>,
    options: { readonly at: number | Int<'u32' | 'u16' | 'u8'>; readonly otherwise: Otherwise },
  ): Ref<F> {
    const { emitter } = this.#b
    emitter.checkScope(this.#scope, 'the packet')
    emitter.checkReachable('statement')
    const data = emitter.ssa.read(this.#data)
    const add = (pointer: Value, step: Value): Value =>
      emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [pointer, step])
    const start =
      typeof options.at === 'number'
        ? add(data, emitter.constant(BigInt(options.at), 'i64'))
        : add(data, options.at.toU64().ir)
    const behind = add(start, emitter.constant(BigInt(type.size), 'i64'))
    this.#b.orElse('le', behind, emitter.ssa.read(this.#end), options.otherwise)
    return structRef(emitter, type, start, 'packet', type.name)
  }
}

/** Makes the packet of a TC program readable. */
export function readPacket(b: ProgramBuilder, skb: SkbContext, options: PacketOptions): Packet {
  const { emitter } = b
  const data: Variable = { name: 'data', type: 'ptr' }
  const end: Variable = { name: 'data_end', type: 'ptr' }
  const context = skb[location].pointer
  const readPointers = (): void => {
    // 32-bit fields to the program, 64-bit pointers to the verifier, which rewrites the access.
    for (const [variable, field] of [
      [data, SkBuff.fields.data],
      [end, SkBuff.fields.dataEnd],
    ] as const)
      emitter.ssa.write(
        variable,
        emitter.emit({ kind: 'load', size: 4, offset: field.offset, space: 'context' }, 'ptr', [context]),
      )
  }
  readPointers()
  const { atLeast, otherwise } = options
  if (atLeast !== undefined && otherwise !== undefined) {
    const { ssa } = emitter
    const needed = emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [
      ssa.read(data),
      emitter.constant(BigInt(atLeast), 'i64'),
    ])
    const [pull, after] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch('gt', needed, ssa.read(end), pull, after)
    ssa.seal(pull)
    ssa.enter(pull)
    const result = b.call(helpers.skb_pull_data, 'i64', [context, emitter.constant(BigInt(atLeast), 'i32')])
    b.orElse('eq', result, emitter.constant(0n, 'i64'), otherwise)
    readPointers()
    ssa.jump(after)
    ssa.seal(after)
    ssa.enter(after)
  }
  return new Packet(b, data, end)
}
