import type { Instruction } from '../isa/instruction.ts'
import type { KfuncSpec, ProgramSpec } from '../program.ts'
import { helperName } from '../text/helper-names.ts'
import { Call, type VmFunction, type VmFunctions } from './call.ts'
import { CallStack, poisonHigh } from './call-stack.ts'
import {
  InstructionLimitError,
  type Place,
  UnknownCallError,
  UnsupportedInstructionError,
  VmError,
} from './errors.ts'
import { iteratorFunctions } from './iterators.ts'
import { KernelLayout } from './kernel-object.ts'
import { ArrayMap } from './map/array.ts'
import type { VmMap } from './map/map.ts'
import { ProgramsMap } from './map/programs.ts'
import { Memory } from './memory.ts'
import type { Source, Step } from './step.ts'
import { functionAddressHigh, type Surroundings, translate } from './translate.ts'
import { Word } from './word.ts'

/** One instruction about to be run. */
export interface TraceEvent {
  /** Name of the program that the instruction is in: tail calls lead from one to another. */
  readonly program: string
  readonly index: number
  readonly instruction: Instruction
  /** r0 to r10, unsigned. Registers that nobody has set hold garbage. */
  readonly registers: readonly bigint[]
}

/** What surrounds a program. */
export interface MachineOptions {
  /** What errors call the program. */
  readonly name?: string
  /** Maps by the name (or the file descriptor) that instructions refer to. */
  readonly maps?: ReadonlyMap<string | number, VmMap>
  readonly helpers?: VmFunctions
  /** Besides the open-coded iterator over numbers. */
  readonly kfuncs?: VmFunctions
  /** The program's kfuncs; a result narrower than 64 bits then has garbage in its upper half, as in the kernel. */
  readonly kfuncSpecs?: readonly KfuncSpec[]
  /** Layout of kernel structs, shared with the objects that kfuncs return. */
  readonly layout?: KernelLayout
  /** Instructions after which a run is given up; a million unless told otherwise, the verifier's own limit. */
  readonly instructionLimit?: number
  /** The CPU the program seems to run on: picks the values of per-CPU maps. */
  readonly cpu?: number
  /** Bytes that legacy packet loads read. */
  readonly packet?: () => Uint8Array | undefined
  /** Called before each instruction. Slow. */
  readonly trace?: (event: TraceEvent) => void
}

const defaultLimit = 1_000_000
/** Tail calls of one run (MAX_TAIL_CALL_CNT, include/linux/bpf.h). */
const maxTailCalls = 33
/** BPF_FUNC_tail_call (include/uapi/linux/bpf.h). */
const tailCallHelper = 12

/** A program as it is run. */
interface Code {
  readonly name: string
  readonly instructions: readonly Instruction[]
  readonly steps: readonly Step[]
}

/**
 * Interprets a program as RFC 9669 says, on little-endian memory that is checked at every access. Nothing is
 * verified beforehand: what the kernel would refuse to load shows when it is run, as an error or as garbage (memory
 * and registers that were never set hold no zeroes).
 */
export class Machine {
  readonly memory = new Memory()
  readonly layout: KernelLayout
  readonly cpu: number
  readonly #options: MachineOptions
  readonly #main: Code
  readonly #others = new Map<ProgramSpec, Code>()
  readonly #registers: readonly Word[] = Array.from({ length: 11 }, () => new Word())
  readonly #stack = new CallStack(this.#registers)
  readonly #limit: number
  readonly #counts: Uint32Array
  /** The program that is running. */
  #code: Code
  #executed = 0
  #tailCalls = 0

  /** @throws {UnsupportedInstructionError | UnknownCallError} for what this interpreter does not have */
  constructor(instructions: readonly Instruction[], options: MachineOptions = {}) {
    this.#options = options
    this.layout = options.layout ?? new KernelLayout()
    this.cpu = options.cpu ?? 0
    this.#limit = options.instructionLimit ?? defaultLimit
    this.#counts = new Uint32Array(instructions.length)
    this.#main = this.#translate(options.name ?? 'program', instructions, options.kfuncSpecs)
    this.#code = this.#main
  }

  /** The maps of the program. */
  get maps(): Iterable<VmMap> {
    return this.#options.maps?.values() ?? []
  }

  /** Instructions that the last run has executed. */
  get executed(): number {
    return this.#executed
  }

  /**
   * How often each instruction was executed, in all runs so far, without those of tail calls; counted in machines with
   * a `trace` only.
   */
  get counts(): Uint32Array {
    return this.#counts
  }

  /**
   * Runs the program once, in a fresh address space.
   *
   * @param prepare maps what the program gets to see, and gives the arguments: r1 and up
   * @returns r0, unsigned
   * @throws {VmError} naming the instruction at fault
   */
  run(prepare: (memory: Memory) => readonly (number | bigint)[] = () => []): bigint {
    this.#executed = 0
    this.#tailCalls = 0
    this.#code = this.#main
    this.memory.reset()
    this.#stack.reset(this.memory)
    return this.#call(0, prepare(this.memory), undefined)
  }

  /** Calls a function of the program by its address, from within a helper. @returns its r0 */
  callFunction(lo: number, hi: number, args: readonly (number | bigint)[], place: Place): bigint {
    if (hi !== functionAddressHigh || this.#code.steps[lo] === undefined)
      throw new VmError('VM_CALL', 'the callback is no function of the program', place)
    return this.#call(lo, args, place)
  }

  #call(start: number, args: readonly (number | bigint)[], place: Place | undefined): bigint {
    const [r0] = this.#registers
    this.#stack.enter(-1, place)
    args.forEach((value, i) => {
      this.#registers[i + 1]?.set(BigInt(value))
    })
    if (this.#options.trace === undefined) this.#execute(start)
    else this.#executeTraced(start, this.#options.trace)
    return r0?.unsigned() ?? 0n
  }

  #execute(start: number): void {
    const { steps } = this.#code
    const limit = this.#limit
    for (let index = start; index >= 0; ) {
      const step = steps[index]
      if (step === undefined) throw this.#beyond(index)
      // A member and no local variable: callbacks and tail calls count on.
      if (++this.#executed > limit) throw new InstructionLimitError(limit, this.#placeOf(index))
      index = step()
    }
  }

  #executeTraced(start: number, trace: (event: TraceEvent) => void): void {
    const { name, instructions, steps } = this.#code
    const main = this.#code === this.#main
    for (let index = start; index >= 0; ) {
      const step = steps[index]
      const instruction = instructions[index]
      if (step === undefined || instruction === undefined) throw this.#beyond(index)
      if (++this.#executed > this.#limit) throw new InstructionLimitError(this.#limit, this.#placeOf(index))
      if (main) this.#counts[index] = (this.#counts[index] ?? 0) + 1
      trace({ program: name, index, instruction, registers: this.#registers.map((word) => word.unsigned()) })
      index = step()
    }
  }

  #beyond(index: number): VmError {
    return new VmError(
      'VM_FALLS_OFF_END',
      'control runs off the end of the program',
      this.#placeOf(index - 1),
    )
  }

  #placeOf(index: number): Place | undefined {
    const { name, instructions } = this.#code
    const instruction = instructions[index]
    return instruction === undefined ? undefined : { program: name, index, instruction }
  }

  #translate(name: string, instructions: readonly Instruction[], kfuncs: readonly KfuncSpec[] = []): Code {
    return { name, instructions, steps: translate(instructions, this.#surroundings(name, kfuncs)) }
  }

  #surroundings(name: string, kfuncSpecs: readonly KfuncSpec[]): Surroundings {
    const { maps, helpers = {}, packet } = this.#options
    const kfuncs: VmFunctions = { ...iteratorFunctions, ...this.#options.kfuncs }
    const stack = this.#stack
    const specs = new Map(kfuncSpecs.map((spec) => [spec.name, spec]))
    return {
      name,
      registers: this.#registers,
      memory: this.memory,
      fieldOffset: (struct, path) => this.layout.offsetOf(struct, path),
      leave: () => stack.leave(),
      packet: packet ?? (() => undefined),
      enter: (source, target) => () => {
        stack.enter(source.next, source)
        return target
      },
      helper: (source, number) => {
        const find = (n: number): VmFunction => {
          const called = helperName(n) ?? `helper ${n}`
          const found = helpers[called] ?? helpers[n]
          if (found === undefined) throw new UnknownCallError(called, 'helpers', source)
          return found
        }
        if (number === tailCallHelper) return this.#tailCallStep(source)
        if (typeof number === 'number') return this.#callStep(source, find(number), false)
        return () => this.#callStep(source, find(number.lo), false)()
      },
      kfunc: (source) => {
        const { symbol, imm } = source.instruction
        const called = symbol?.kind === 'kfunc' ? symbol.name : imm
        const found = kfuncs[called]
        if (found === undefined) throw new UnknownCallError(`kfunc ${called}`, 'kfuncs', source)
        return this.#callStep(source, found, narrow.has(specs.get(`${called}`)?.returns ?? ''))
      },
      loadMap: (source, wanted, valueOffset) => {
        const map = maps?.get(wanted)
        if (map === undefined)
          throw new UnsupportedInstructionError(`there is no map "${wanted}" in this interpreter`, source)
        if (valueOffset !== undefined && !(map instanceof ArrayMap))
          throw new UnsupportedInstructionError(`"${wanted}" is no array, its values have no address`, source)
        return () => {
          source.dst.setNumber(
            map instanceof ArrayMap && valueOffset !== undefined
              ? this.memory.addressOf(map.first, `${map.spec.name}[0]`) + valueOffset
              : this.memory.handle(map, `map ${map.spec.name}`),
          )
          return source.next
        }
      },
    }
  }

  /** Another program takes the place of the function that calls: what it returns is that function's result. */
  #tailCallStep(source: Source): Step {
    const call = new Call(this, this.#registers, source)
    return () => {
      const program = call.object(1, ProgramsMap).at(call.u32(2))
      if (program === undefined || this.#tailCalls >= maxTailCalls) {
        this.#stack.clobber()
        return source.next
      }
      this.#tailCalls++
      let code = this.#others.get(program)
      if (code === undefined) {
        code = this.#translate(program.name, program.instructions, program.kfuncs)
        this.#others.set(program, code)
      }
      const context = call.u64(0)
      const caller = this.#code
      const returnTo = this.#stack.leave()
      this.#code = code
      this.#call(0, [context], source)
      this.#code = caller
      return returnTo
    }
  }

  #callStep(source: Source, called: VmFunction, upperHalfUnknown: boolean): Step {
    const call = new Call(this, this.#registers, source)
    const [r0] = this.#registers
    if (r0 === undefined) throw new Error('a machine has registers')
    return () => {
      const result = called(call)
      this.#stack.clobber()
      if (typeof result === 'bigint') r0.set(result)
      else if (result !== undefined) r0.setNumber(result)
      else r0.hi = poisonHigh
      if (upperHalfUnknown) r0.hi = poisonHigh
      return source.next
    }
  }
}

/** Results that the calling convention leaves without an upper half. */
const narrow: ReadonlySet<string> = new Set(['u8', 'u16', 'u32', 's8', 's16', 's32', 'int', 'bool'])
