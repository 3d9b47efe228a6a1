import type { Value } from '../../ir/graph.ts'
import type { Variable } from '../../ir/ssa-builder.ts'
import type { StructField, StructType } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Otherwise, Scope } from '../core/emitter.ts'
import { helpers } from '../helper/helpers.ts'
import type { Location } from '../memory/location.ts'
import type { PacketAccess } from '../program/context-ref.ts'

/** Bytes from the start of the packet: a computed part (64 bits), and one known now. */
export interface Distance {
  readonly computed: Value | undefined
  readonly known: number
}

/** A place that was proven to be in the packet, and is proven again when the packet is pulled together. */
interface Proven {
  readonly scope: Scope
  readonly generation: number
  readonly distance: Distance
  readonly size: number
  /** Holds the pointer; places at a known distance are reached from the packet's start. */
  readonly pointer: Variable | undefined
}

/** A generation that the packet never has. */
const outdated = -1

const shared = new WeakMap<Emitter, Map<Value, PacketMemory>>()

/** The memory of the packet that a context leads to; the same for everybody who asks. */
export function packetMemory(
  emitter: Emitter,
  context: Value,
  layout: StructType,
  access: PacketAccess,
): PacketMemory {
  const known = shared.get(emitter) ?? new Map<Value, PacketMemory>()
  shared.set(emitter, known)
  const memory = known.get(context) ?? new PacketMemory(emitter, context, layout, access)
  known.set(context, memory)
  memory.open()
  return memory
}

/**
 * Pointers into a packet. They are variables: where the packet is pulled together they get new values, and references
 * made before go on working. What else moves a packet (`emitter.movePacket`) ends the life of references; the packet's
 * own pointers are then read again at the next use.
 */
export class PacketMemory {
  readonly emitter: Emitter
  readonly context: Value
  readonly layout: StructType
  readonly access: PacketAccess
  readonly #data: Variable = { name: 'data', type: 'ptr' }
  readonly #end: Variable = { name: 'data_end', type: 'ptr' }
  /** Generations of the packet at which the pointers were read. */
  readonly #fresh = new Set<number>()
  readonly #readIn: Scope[] = []
  #proven: Proven[] = []
  #pulls = 0

  constructor(emitter: Emitter, context: Value, layout: StructType, access: PacketAccess) {
    this.emitter = emitter
    this.context = context
    this.layout = layout
    this.access = access
    emitter.packetReaders.push(() => {
      if (this.#readIn.some((scope) => scope.open)) this.refresh()
    })
  }

  /** Makes sure that the pointers are known at the current place. */
  open(): void {
    const { emitter } = this
    if (this.#readIn.some((scope) => scope.open)) {
      this.refresh()
      return
    }
    this.#read()
    this.#readIn.push(emitter.scope)
  }

  /** Reads the pointers again if something has moved the packet since. */
  refresh(): void {
    if (!this.#fresh.has(this.emitter.packetGeneration)) this.#read()
  }

  /** Makes the packet's first bytes readable; `otherwise` is for shorter packets. */
  require(distance: Distance, otherwise: Otherwise): void {
    this.#ensure(distance, 0, otherwise, true, undefined)
  }

  /**
   * The place at a distance from the packet's start, after proving that `size` bytes are there.
   *
   * @param pull makes them readable directly if they are not, where programs of this type can
   * @param keep proves it again whenever the packet is pulled together
   */
  reach(
    distance: Distance,
    size: number,
    otherwise: Otherwise,
    { pull, keep }: { readonly pull: boolean; readonly keep: boolean },
    of: Pick<Location, 'type' | 'what'>,
  ): Location<'packet'> {
    const { emitter } = this
    const pointer: Variable | undefined =
      distance.computed === undefined ? undefined : { name: of.what, type: 'ptr' }
    this.#ensure(distance, size, otherwise, pull, pointer)
    const { scope, packetGeneration } = emitter
    this.#proven = this.#proven.filter((place) => place.scope.open)
    if (keep) this.#proven.push({ scope, generation: packetGeneration, distance, size, pointer })
    const memory = this
    const pulls = this.#pulls
    return {
      emitter,
      get pointer(): Value {
        emitter.checkReachable('statement')
        return emitter.ssa.read(pointer ?? memory.#data)
      },
      space: 'packet',
      kind: 'packet',
      offset: distance.known,
      scope,
      get generation(): number {
        return keep || pulls === memory.#pulls ? packetGeneration : outdated
      },
      type: of.type,
      what: of.what,
      packet: {
        locate: (from, further, bytes, elseDo) =>
          this.reach(
            this.#further(distance, further, from.offset),
            bytes,
            elseDo,
            { pull: false, keep },
            from,
          ),
      },
    }
  }

  /** The proof that the bytes are there; leaves `pointer` (if any) pointing at the computed part of the distance. */
  #ensure(
    distance: Distance,
    size: number,
    otherwise: Otherwise,
    pull: boolean,
    pointer: Variable | undefined,
  ): void {
    const { emitter } = this
    const { ssa } = emitter
    this.refresh()
    const start = this.#start(distance)
    if (pointer !== undefined) ssa.write(pointer, start)
    const needed = this.#add(start, distance.known + size)
    const end = ssa.read(this.#end)
    if (!pull || this.access === 'direct') {
      emitter.orElse('le', needed, end, otherwise)
      return
    }
    const [slow, after] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch('gt', needed, end, slow, after, callerPosition())
    ssa.seal(slow)
    ssa.enter(slow)
    const result = emitter.call(helpers.skb_pull_data, 'i64', [this.context, this.#length(distance, size)])
    emitter.orElse('eq', result, emitter.constant(0n, 'i64'), otherwise)
    this.#read()
    this.#pulls++
    const again = this.#start(distance)
    if (pointer !== undefined) ssa.write(pointer, again)
    emitter.orElse('le', this.#add(again, distance.known + size), ssa.read(this.#end), otherwise)
    this.#proveAgain(distance.computed === undefined ? distance.known + size : 0, otherwise)
    ssa.jump(after)
    ssa.seal(after)
    ssa.enter(after)
  }

  /** After a pull: finds the places of all references again. `proven` bytes of the packet are known to be there. */
  #proveAgain(proven: number, otherwise: Otherwise): void {
    const { emitter } = this
    const { ssa } = emitter
    const alive = this.#proven.filter(
      (place) => place.scope.open && place.generation === emitter.packetGeneration,
    )
    const ends = alive
      .filter(({ pointer }) => pointer === undefined)
      .map(({ distance, size }) => distance.known + size)
    const longest = Math.max(0, ...ends)
    if (longest > proven)
      emitter.orElse('le', this.#add(ssa.read(this.#data), longest), ssa.read(this.#end), otherwise)
    for (const { pointer, distance, size } of alive) {
      if (pointer === undefined) continue
      const start = this.#start(distance)
      ssa.write(pointer, start)
      emitter.orElse('le', this.#add(start, distance.known + size), ssa.read(this.#end), otherwise)
    }
  }

  #further({ computed }: Distance, further: Value, offset: number): Distance {
    const sum =
      computed === undefined
        ? further
        : this.emitter.emit({ kind: 'binary', operator: 'add' }, 'i64', [computed, further])
    return { computed: sum, known: offset }
  }

  #start({ computed }: Distance): Value {
    const data = this.emitter.ssa.read(this.#data)
    if (computed === undefined) return data
    return this.emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [data, computed])
  }

  #add(pointer: Value, bytes: number): Value {
    const { emitter } = this
    const step = emitter.constant(BigInt(bytes), 'i64')
    return emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [pointer, step])
  }

  #length({ computed, known }: Distance, size: number): Value {
    const { emitter } = this
    const bytes = emitter.constant(BigInt(known + size), 'i32')
    if (computed === undefined) return bytes
    const low = emitter.emit({ kind: 'truncate' }, 'i32', [computed])
    return emitter.emit({ kind: 'binary', operator: 'add' }, 'i32', [low, bytes])
  }

  #read(): void {
    // 32-bit fields to the program, 64-bit pointers to the verifier, which rewrites the access.
    const { emitter } = this
    for (const [variable, name] of [
      [this.#data, 'data'],
      [this.#end, 'dataEnd'],
    ] as const) {
      const { offset } = this.layout.fields[name] as StructField
      const op = { kind: 'load', size: 4, offset, space: 'context' } as const
      emitter.ssa.write(variable, emitter.emit(op, 'ptr', [this.context]))
    }
    this.#fresh.add(emitter.packetGeneration)
  }
}
