import { SkBuff } from '../dsl/program/context.ts'
import type { ValueOf } from '../layout/struct.ts'
import type { ProgramSpec } from '../program.ts'
import type { VmFunctions } from './call.ts'
import { generalHelpers, repeatableRandom } from './helpers.ts'
import type { KernelLayout } from './kernel-object.ts'
import { Machine, type TraceEvent } from './machine.ts'
import type { VmMap } from './map/map.ts'
import { VmMaps } from './map/maps.ts'
import { type Redirect, Skb, skbHelpers } from './skb.ts'

/** The members of the context, as {@link SkBuff} has them. */
export type SkbFields = ValueOf<typeof SkBuff>

/** What a TC program runs in. */
export interface TcOptions {
  /** The program's maps; empty ones where they are left out. */
  readonly maps?: VmMaps
  /** Helpers in place of the interpreter's own, or besides them. */
  readonly helpers?: VmFunctions
  readonly kfuncs?: VmFunctions
  /**
   * Members of the context. Left out, `len` is the packet's length, `protocol` its ethertype, `gsoSegs` and all
   * others 0. `data`, `dataEnd` and `dataMeta` are the interpreter's.
   */
  readonly skb?: Partial<SkbFields>
  /** Bytes of the packet that are readable directly at first; the rest needs `bpf_skb_pull_data`. All by default. */
  readonly linear?: number
  /** Nanoseconds since boot; 1 hour by default. */
  readonly now?: () => bigint
  /** 32 random bits; the same sequence in every run by default. */
  readonly random?: () => number
  /** Takes the lines that the program writes to the trace log (`b.printk`). */
  readonly print?: (line: string) => void
  readonly cpu?: number
  readonly instructionLimit?: number
  /** Layout of kernel structs, shared with the objects that the kfuncs hand out. */
  readonly layout?: KernelLayout
  readonly trace?: (event: TraceEvent) => void
}

/** What a TC program has done. */
export interface TcResult {
  /** The low 32 bits of r0, as a signed number: `TC_ACT_*`. */
  readonly verdict: number
  /** All of r0, unsigned. */
  readonly r0: bigint
  /** The packet as the program left it. */
  readonly packet: Uint8Array
  /** The context as the program left it. */
  readonly skb: SkbFields
  /** Where `bpf_redirect` and its like sent the packet. */
  readonly redirect: Redirect | undefined
  /** Instructions executed. */
  readonly executed: number
  readonly maps: VmMaps
}

const hour = 3_600_000_000_000n

/**
 * Runs a TC program on a packet, in the interpreter: without a kernel and without root.
 *
 * @param packet from its link header on; it is not changed
 * @throws {VmError} naming the instruction that did something illegal
 */
export function runTc(program: ProgramSpec, packet: Uint8Array, options: TcOptions = {}): TcResult {
  return new TcMachine(program, options).run(packet, options.skb)
}

/** A TC program that is run on many packets: translated once, its maps and clock kept. */
export class TcMachine {
  readonly maps: VmMaps
  readonly #machine: Machine
  readonly #options: TcOptions
  #skb: Skb | undefined

  constructor(program: ProgramSpec, options: TcOptions = {}) {
    const { helpers, kfuncs, layout, cpu, instructionLimit, trace } = options
    this.#options = options
    this.maps = options.maps ?? new VmMaps(program.maps)
    const world = {
      now: options.now ?? (() => hour),
      random: options.random ?? repeatableRandom(1),
      ...(options.print !== undefined && { print: options.print }),
    }
    this.#machine = new Machine(program.instructions, {
      name: program.name,
      maps: this.maps.byName as ReadonlyMap<string | number, VmMap>,
      helpers: { ...generalHelpers(world), ...skbHelpers(() => this.#current), ...helpers },
      kfuncSpecs: program.kfuncs,
      packet: () => this.#current.packet,
      ...(kfuncs === undefined ? {} : { kfuncs }),
      ...(layout === undefined ? {} : { layout }),
      ...(cpu === undefined ? {} : { cpu }),
      ...(instructionLimit === undefined ? {} : { instructionLimit }),
      ...(trace === undefined ? {} : { trace }),
    })
  }

  /** The interpreter itself: its memory, its counts. */
  get machine(): Machine {
    return this.#machine
  }

  /** Runs the program on a packet. @throws {VmError} */
  run(packet: Uint8Array, fields: Partial<SkbFields> = this.#options.skb ?? {}): TcResult {
    const machine = this.#machine
    const skb = new Skb(machine.memory, packet, fields, this.#options.linear ?? packet.byteLength)
    this.#skb = skb
    const r0 = machine.run(() => [skb.map()])
    return {
      verdict: Number(BigInt.asIntN(32, r0)),
      r0,
      packet: skb.packet,
      skb: SkBuff.decode(skb.context),
      redirect: skb.redirect,
      executed: machine.executed,
      maps: this.maps,
    }
  }

  get #current(): Skb {
    if (this.#skb === undefined) throw new Error('no packet is being handled')
    return this.#skb
  }
}
