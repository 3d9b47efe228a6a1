import { isNullable, join, type RegisterValue, sameValue, unset } from './register-value.ts'

/** r0 to r10, and the kernel's own r11. */
export const registerCount = 12

/** What registers and spill slots hold at one place. Immutable but through its own methods, on a copy. */
export class State {
  readonly registers: RegisterValue[]
  /** By offset from r10: 8-byte slots whose contents are known. */
  readonly slots: Map<number, RegisterValue>

  constructor(
    registers: readonly RegisterValue[] = Array.from({ length: registerCount }, () => unset),
    slots: ReadonlyMap<number, RegisterValue> = new Map(),
  ) {
    this.registers = [...registers]
    this.slots = new Map(slots)
  }

  copy(): State {
    return new State(this.registers, this.slots)
  }

  get(register: number): RegisterValue {
    return this.registers[register] ?? unset
  }

  /** Replaces values wherever they are. */
  replace(change: (value: RegisterValue) => RegisterValue): void {
    for (const [index, value] of this.registers.entries()) this.registers[index] = change(value)
    for (const [offset, value] of this.slots) this.slots.set(offset, change(value))
  }

  /** What is known of a value of this origin, now that it is (or is not) null. */
  testNull(tested: RegisterValue, isNull: boolean, zero: RegisterValue): void {
    if (!isNullable(tested)) return
    this.replace((value) => {
      if (!isNullable(value) || value.kind !== tested.kind) return value
      if (value !== tested && (value.id !== tested.id || tested.id < 0)) return value
      return isNull ? zero : { ...value, nullable: false }
    })
  }

  /** The state where two ways meet; undefined when it is the one of `this` already. */
  joined(other: State): State | undefined {
    let changed = false
    const registers = this.registers.map((value, index) => {
      const met = join(value, other.get(index))
      changed ||= !sameValue(met, value)
      return met
    })
    const slots = new Map<number, RegisterValue>()
    for (const [offset, value] of this.slots) {
      const met = join(value, other.slots.get(offset) ?? unset)
      if (met.kind !== 'unset') slots.set(offset, met)
      changed ||= !sameValue(met, value)
    }
    return changed ? new State(registers, slots) : undefined
  }
}
