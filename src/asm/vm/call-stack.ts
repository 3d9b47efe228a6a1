import { CallDepthError, type Place } from './errors.ts'
import type { Memory } from './memory.ts'
import type { Word } from './word.ts'

/** Bytes of stack of each function (MAX_BPF_STACK, include/linux/filter.h). */
const frameSize = 512
/** Functions that can be active at once (MAX_CALL_FRAMES, include/linux/bpf_verifier.h). */
const maxFrames = 8
/** What memory and registers hold that nobody has set: not zero, so that relying on it is noticed. */
const poisonByte = 0xa5
/** Upper half of a poisoned register: no pointer has it. */
export const poisonHigh = 0x5ca1ab1e
const poisonLow = 0x0badcafe

interface Frame {
  readonly stack: Uint8Array
  readonly savedLo: Int32Array
  readonly savedHi: Int32Array
  returnTo: number
}

/** The active functions of a run: their stacks, and the registers that a callee must give back. */
export class CallStack {
  readonly #registers: readonly Word[]
  readonly #frames: Frame[] = []
  readonly #addresses: number[] = []
  #depth = 0

  constructor(registers: readonly Word[]) {
    this.#registers = registers
    for (let depth = 0; depth < maxFrames; depth++)
      this.#frames.push({
        stack: new Uint8Array(frameSize),
        savedLo: new Int32Array(4),
        savedHi: new Int32Array(4),
        returnTo: -1,
      })
  }

  /** Begins a run: no function is active, every register is poison. */
  reset(memory: Memory): void {
    this.#depth = 0
    this.#frames.forEach(({ stack }, depth) => {
      this.#addresses[depth] = memory.map(depth === 0 ? 'the stack' : `the stack of frame ${depth}`, stack)
    })
    this.#registers.forEach(poison)
  }

  /** Enters a function that returns to the instruction at `returnTo` (negative: ends a run). */
  enter(returnTo: number, place: Place | undefined): void {
    const frame = this.#frames[this.#depth]
    const r10 = this.#registers[10]
    if (frame === undefined || r10 === undefined) throw new CallDepthError(maxFrames, place)
    for (let i = 0; i < 4; i++) {
      frame.savedLo[i] = this.#registers[6 + i]?.lo ?? 0
      frame.savedHi[i] = this.#registers[6 + i]?.hi ?? 0
    }
    frame.returnTo = returnTo
    frame.stack.fill(poisonByte)
    r10.setNumber((this.#addresses[this.#depth] ?? 0) + frameSize)
    this.#depth++
  }

  /** Leaves the innermost function. @returns the index of the instruction to go on with */
  leave(): number {
    this.#depth--
    const frame = this.#frames[this.#depth]
    if (frame === undefined) return -1
    for (let i = 0; i < 4; i++) {
      const register = this.#registers[6 + i]
      if (register === undefined) continue
      register.lo = frame.savedLo[i] ?? 0
      register.hi = frame.savedHi[i] ?? 0
    }
    this.clobber()
    this.#registers[10]?.setNumber((this.#addresses[this.#depth - 1] ?? 0) + frameSize)
    return frame.returnTo
  }

  /** Makes r1 to r5 what they are after a call: nobody's. */
  clobber(): void {
    for (let i = 1; i <= 5; i++) {
      const register = this.#registers[i]
      if (register !== undefined) poison(register)
    }
  }
}

function poison(register: Word): void {
  register.lo = poisonLow
  register.hi = poisonHigh
}
