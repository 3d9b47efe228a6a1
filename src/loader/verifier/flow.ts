import type { Instruction } from '../../asm/isa/instruction.ts'
import { registerState, type Step } from './path.ts'

/** Where a value on the path came into being. */
export interface Birth {
  /** Index into the path; -1 for what the program begins with. */
  readonly step: number
  /** Index into the instructions; -1 likewise. */
  readonly instruction: number
  /** What the verifier called it then, such as `pkt(r=0)`; empty when the log does not show it. */
  readonly type: string
  /** The value that a number of unknown size was added to, and that number. */
  readonly sum?: { readonly base: Held; readonly added: Held | undefined }
}

/** A value in a register: something that was born somewhere, plus a constant. */
export interface Held {
  readonly birth: Birth
  readonly offset: number
}

/** A comparison on the path. */
export interface Comparison {
  readonly step: number
  readonly instruction: number
  readonly left: Held | undefined
  /** Undefined for a comparison with a constant. */
  readonly right: Held | undefined
  readonly taken: boolean
}

/** What happened to the registers on a path, seen from its last step. */
export interface Flow {
  /** Before the last instruction, by register. */
  readonly registers: readonly (Held | undefined)[]
  readonly comparisons: readonly Comparison[]
  /** Calls, as indices into the path. */
  readonly calls: readonly { readonly step: number; readonly instruction: number }[]
  /** The instruction of every step. */
  readonly instructions: readonly number[]
}

const classOf = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const
const operation = { add: 0x00, sub: 0x10, mov: 0xb0, call: 0x80, exit: 0x90, ja: 0x00 } as const
const registerSource = 0x08

/**
 * Goes down the path and notes where each register's value comes from. `indexOf` gives the instruction at a slot.
 */
export function followPath(
  instructions: readonly Instruction[],
  steps: readonly Step[],
  indexOf: (slot: number) => number | undefined,
): Flow {
  const entry = (type: string): Held => ({ birth: { step: -1, instruction: -1, type }, offset: 0 })
  const registers: (Held | undefined)[] = new Array<Held | undefined>(11).fill(undefined)
  registers[1] = entry('ctx()')
  registers[10] = entry('fp0')
  const stack = new Map<number, Held | undefined>()
  const comparisons: Comparison[] = []
  const calls: { step: number; instruction: number }[] = []
  const visited: number[] = []
  const callers: (Held | undefined)[][] = []

  steps.forEach(({ slot, state }, step) => {
    const index = indexOf(slot)
    const at = index === undefined ? undefined : instructions[index]
    visited.push(index ?? -1)
    if (index === undefined || at === undefined || step === steps.length - 1) return
    const born = (register: number, sum?: Birth['sum']): Held => ({
      birth: {
        step,
        instruction: index,
        type: registerState(state, register) ?? '',
        ...(sum !== undefined && { sum }),
      },
      offset: 0,
    })
    const kind = at.opcode & 7
    const code = at.opcode & 0xf0
    const bySource = (at.opcode & registerSource) !== 0
    if (kind === classOf.alu64 || kind === classOf.alu) {
      const left = registers[at.dst]
      const right = bySource ? registers[at.src] : undefined
      if (kind === classOf.alu64 && code === operation.mov && bySource && at.offset === 0)
        registers[at.dst] = right
      else if (kind === classOf.alu64 && (code === operation.add || code === operation.sub) && left) {
        const constant = bySource ? constantOf(right) : at.imm
        if (constant !== undefined)
          registers[at.dst] = {
            ...left,
            offset: left.offset + (code === operation.add ? constant : -constant),
          }
        else registers[at.dst] = born(at.dst, { base: left, added: right })
      } else
        registers[at.dst] = born(
          at.dst,
          left && code !== operation.mov ? { base: left, added: right } : undefined,
        )
    } else if (kind === classOf.ldx) {
      const base = registers[at.src]
      const known = isFrame(base) ? stack.get(base.offset + at.offset) : undefined
      registers[at.dst] = known ?? born(at.dst)
    } else if (kind === classOf.ld) {
      registers[at.dst] = born(at.dst)
    } else if (kind === classOf.stx) {
      const base = registers[at.dst]
      if (isFrame(base)) stack.set(base.offset + at.offset, registers[at.src])
    } else if (code === operation.call && kind === classOf.jmp && at.src === 1 && enters(steps, step)) {
      callers.push(registers.slice(6))
      registers.fill(undefined, 6)
      registers[10] = entry('fp0 of a function')
    } else if (code === operation.exit) {
      registers.splice(6, 5, ...(callers.pop() ?? []))
      registers.fill(undefined, 1, 6)
    } else if (code === operation.call && kind === classOf.jmp) {
      calls.push({ step, instruction: index })
      for (let register = 1; register <= 5; register++) registers[register] = undefined
      registers[0] = born(0)
    } else if (code !== operation.ja) {
      const taken = steps[step + 1]?.slot === slot + 1 + at.offset
      const right = bySource ? registers[at.src] : undefined
      comparisons.push({ step, instruction: index, left: registers[at.dst], right, taken })
    }
  })
  return { registers, comparisons, calls, instructions: visited }
}

/** Whether the walk goes on inside of the function called; global functions are verified apart. */
function enters(steps: readonly Step[], step: number): boolean {
  return steps[step + 1]?.slot !== (steps[step]?.slot ?? 0) + 1
}

function isFrame(held: Held | undefined): held is Held {
  return held !== undefined && held.birth.step === -1 && held.birth.type === 'fp0'
}

function constantOf(held: Held | undefined): number | undefined {
  if (held === undefined) return undefined
  const constant = /^(?:0x[0-9a-f]+|-?\d+)$/.exec(held.birth.type)
  return constant === null ? undefined : Number(held.birth.type) + held.offset
}
