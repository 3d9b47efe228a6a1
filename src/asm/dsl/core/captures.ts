import type { Type, Value } from '../../ir/graph.ts'
import type { Outside, Variable } from '../../ir/ssa-builder.ts'
import { callerPosition } from './caller.ts'
import type { Emitter } from './emitter.ts'
import { BuildError } from './errors.ts'

/** A value or variable of the function around, in the memory that both functions see. */
interface Slot {
  readonly offset: number
  readonly type: Exclude<Type, 'none'>
  readonly variable: Variable | undefined
  readonly value: Value | undefined
  written: boolean
}

const slotSize = 8

/**
 * What a callback uses of the function that it is written in: each value and variable gets a slot in a stack object
 * of that function, whose address the callback gets as an argument. The verifier follows pointers through it.
 */
export class Captures implements Outside {
  readonly sharesFrame = true
  readonly #slots = new Map<Value | Variable, Slot>()
  readonly #emitter: Emitter
  #context: Value | undefined

  constructor(emitter: Emitter) {
    this.#emitter = emitter
  }

  /** Says which parameter of the callback, now being written, has the address. */
  at(context: Value): void {
    this.#context = context
  }

  value(value: Value): Value {
    return this.#load(this.#slot(value, value.type, undefined, value))
  }

  read(variable: Variable): Value {
    return this.#load(this.#slot(variable, variable.type, variable, undefined))
  }

  write(variable: Variable, value: Value): void {
    // A pointer into the packet: to the verifier, the next turn may find what a failed call has left behind.
    if (variable.type === 'ptr')
      throw new BuildError(
        'CAPTURE',
        'the packet may move in a loop whose body is a function of its own (bpf_loop, for-each)',
        callerPosition(),
        {
          hint: "Make what is needed readable before the loop, or take { strategy: 'bounded' } or 'iterator'.",
        },
      )
    const slot = this.#slot(variable, variable.type, variable, undefined)
    slot.written = true
    this.#access('store', slot, 'none', [this.#pointer, value])
  }

  /** Fills the slots, from the function around. @returns the address to be passed: null where nothing is captured */
  fill(what: string): Value {
    const { ssa } = this.#emitter
    if (this.#slots.size === 0) return ssa.constant(0n, 'i64')
    const object = this.#emitter.frameObject(what, this.#slots.size * slotSize, slotSize)
    const address = ssa.emit({ kind: 'frame', object }, 'ptr')
    for (const slot of this.#slots.values()) {
      const value = slot.variable === undefined ? slot.value : ssa.read(slot.variable)
      if (value === undefined) continue
      const op = { kind: 'store', size: sizeOf(slot), offset: slot.offset, space: 'frame' } as const
      ssa.emit(op, 'none', [address, value], callerPosition())
    }
    return address
  }

  /** Takes over what the callback has assigned, in the function around. */
  takeOver(address: Value): void {
    const { ssa } = this.#emitter
    for (const slot of this.#slots.values()) {
      if (!slot.written || slot.variable === undefined) continue
      const op = { kind: 'load', size: sizeOf(slot), offset: slot.offset, space: 'frame' } as const
      ssa.write(slot.variable, ssa.emit(op, slot.type, [address], callerPosition()))
    }
  }

  get #pointer(): Value {
    if (this.#context === undefined) throw new Error('the callback has no context yet')
    return this.#context
  }

  #slot(key: Value | Variable, type: Type, variable: Variable | undefined, value: Value | undefined): Slot {
    if (type === 'none') throw new Error('an effect has no value')
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    const slot = { offset: this.#slots.size * slotSize, type, variable, value, written: false }
    this.#slots.set(key, slot)
    return slot
  }

  #load(slot: Slot): Value {
    return this.#access('load', slot, slot.type, [this.#pointer])
  }

  /** From the callback the slots are memory outside: see `Outside.sharesFrame`. */
  #access(kind: 'load' | 'store', slot: Slot, type: Type, args: Value[]): Value {
    const op = { kind, size: sizeOf(slot), offset: slot.offset, space: 'map' } as const
    return this.#emitter.ssa.emit(op, type, args, callerPosition())
  }
}

function sizeOf({ type }: Slot): 4 | 8 {
  return type === 'i32' ? 4 : 8
}

/** For functions that see nothing of the one they are written in. */
export class NoCaptures implements Outside {
  readonly sharesFrame = false
  readonly #message: string
  readonly #hint: string

  /** @param message of the error about a use of something outside */
  constructor(message: string, hint: string) {
    this.#message = message
    this.#hint = hint
  }

  value(): Value {
    return this.#refuse()
  }

  read(): Value {
    return this.#refuse()
  }

  write(): void {
    this.#refuse()
  }

  #refuse(): never {
    throw new BuildError('OTHER_FUNCTION', this.#message, callerPosition(), { hint: this.#hint })
  }
}
