import type { AttachSpec } from '../../asm/attach.ts'
import { Fd } from '../bpf/fd.ts'
import { type ProgramInfo, programInfo, translatedInstructions } from '../bpf/info.ts'
import { objectById, objectIds, objectPin } from '../bpf/object-commands.ts'
import { openAs } from '../bpf/open-object.ts'
import { progTestRun } from '../bpf/program-commands.ts'
import { type ProgramDetails, programDetails } from '../bpf/program-details.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'

/** What {@link BpfProgram.testRun} can be told. */
export interface TestRunOptions {
  /** The context going in, such as a `struct __sk_buff`; the kernel refuses values in fields it fills in itself. */
  readonly ctx?: Uint8Array
  /** How often to run, for {@link TestRun.duration}; 1 when absent. */
  readonly repeat?: number
  /** Room for the packet to grow, in bytes; 512 when absent. */
  readonly headroom?: number
}

/** How a test run ended. */
export interface TestRun {
  /** The program's return value, unsigned 32 bits. */
  readonly retval: number
  /** The packet as the program left it. */
  readonly data: Uint8Array
  /** The context as the program left it; empty when none was given. */
  readonly ctx: Uint8Array
  /** Nanoseconds of one run, averaged over the repetitions. */
  readonly duration: number
}

/** How a run of a program with an argument ended. */
export interface ProgramRun {
  /** The program's return value, signed 32 bits. */
  readonly retval: number
  /** The argument as the program left it. */
  readonly argument: Uint8Array
}

/**
 * A program in the running kernel. Owns its file descriptor: call {@link close}, or declare it with `using`. The
 * program lives on while it is attached, pinned or held by a map.
 */
export class BpfProgram {
  readonly fd: Fd
  /** The name it was loaded or is pinned by. */
  readonly name: string
  /** The verifier's log, when one was asked for; empty otherwise. */
  readonly log: string
  /** What it is meant for, as its specification says; unknown for programs that were not loaded here. */
  readonly attach: AttachSpec | undefined
  readonly #bpf: BpfSyscall

  /** Takes over the file descriptor of a program; see `loadProgram`. */
  constructor(fd: Fd, name: string, bpf: BpfSyscall = kernelBpf, log = '', attach?: AttachSpec) {
    this.attach = attach
    this.fd = fd
    this.name = name
    this.log = log
    this.#bpf = bpf
  }

  /**
   * Opens the program pinned at `path`.
   *
   * @throws {TsbpfError} `PIN_KIND` when something else is pinned there
   * @throws {BpfError} ENOENT when nothing is
   */
  static openPinned(path: string, bpf: BpfSyscall = kernelBpf): BpfProgram {
    return named(openAs(bpf, 'prog', path), path, bpf)
  }

  /** Opens a program by the kernel's number. @returns undefined when there is none */
  static openId(id: number, bpf: BpfSyscall = kernelBpf): BpfProgram | undefined {
    const what = `program id ${id}`
    const number = objectById(bpf, 'prog', id)
    return number === undefined ? undefined : named(new Fd(number, what, bpf), what, bpf)
  }

  /**
   * The ids of the loaded programs of a name or tag, ascending. The kernel keeps 15 characters of a name.
   *
   * @throws {MissingPrivilegeError} for want of CAP_SYS_ADMIN
   */
  static findIds(
    wanted: { readonly name: string } | { readonly tag: string },
    bpf: BpfSyscall = kernelBpf,
  ): number[] {
    return [...objectIds(bpf, 'prog')].filter((id) => {
      // A program may be gone by the time it is looked at.
      using program = BpfProgram.openId(id, bpf)
      if (program === undefined) return false
      const info = program.info()
      return 'name' in wanted ? info.name === wanted.name.slice(0, 15) : info.tag === wanted.tag
    })
  }

  /** What the kernel says about the program: sizes, maps, load time, run statistics. */
  info(): ProgramInfo {
    return programInfo(this.#bpf, this.#handle())
  }

  /** The kernel's number for it, as `bpftool prog` shows. */
  get id(): number {
    return this.info().id
  }

  /** 16 hexadecimal digits over the instructions: equal for equal programs on one kernel. */
  get tag(): string {
    return this.info().tag
  }

  /** The instructions as the verifier rewrote them, 8 bytes a slot. */
  translated(): Uint8Array {
    return translatedInstructions(this.#bpf, this.#handle())
  }

  /** Line and function records, and the machine code as far as this process may see it. */
  details(): ProgramDetails {
    return programDetails(this.#bpf, this.#handle())
  }

  /** Gives the program a path under bpffs, whose directory must exist; it then outlives this process. */
  pin(path: string): void {
    objectPin(this.#bpf, this.fd.number, path, this.#what)
  }

  /**
   * Runs the program on a packet of the caller's, in the process's network namespace.
   *
   * @param data the packet, from its Ethernet header; at least 14 bytes, 15 on newer kernels
   * @throws {BpfError} EINVAL for too short a packet or a context with values where there may be none, ENOSPC when
   * the packet outgrew the headroom
   */
  testRun(data: Uint8Array, { ctx, repeat = 1, headroom = 512 }: TestRunOptions = {}): TestRun {
    const dataOut = new Uint8Array(data.byteLength + headroom)
    const ctxOut = ctx && new Uint8Array(ctx.byteLength)
    const result = progTestRun(
      this.#bpf,
      {
        fd: this.fd.number,
        dataIn: data,
        dataOut,
        repeat,
        ...(ctx && ctxOut && { ctxIn: ctx, ctxOut }),
      },
      this.#what,
    )
    return {
      retval: result.retval,
      data: dataOut.slice(0, result.dataSize),
      ctx: ctxOut?.slice(0, result.ctxSize) ?? new Uint8Array(0),
      duration: result.duration,
    }
  }

  /**
   * Runs a program that user space can call: one of type `syscall` with memory that it may change, or one of type
   * `raw_tracepoint` with the tracepoint's arguments, 64 bits each (Linux 5.10).
   *
   * @throws {BpfError} ENOTSUPP for programs of other types, EINVAL for too short an argument
   */
  run(argument: Uint8Array): ProgramRun {
    // What a syscall program writes, the kernel puts back where the argument was.
    const bytes = argument.slice()
    const none = new Uint8Array(0)
    const run = { fd: this.fd.number, dataIn: none, dataOut: none, ctxIn: bytes }
    const { retval } = progTestRun(this.#bpf, run, this.#what)
    return { retval: retval | 0, argument: bytes }
  }

  /** Closes the file descriptor. Safe to call twice. */
  close(): void {
    this.fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  get #what(): string {
    return `program "${this.name}"`
  }

  #handle(): { fd: number; what: string } {
    return { fd: this.fd.number, what: this.#what }
  }
}

function named(fd: Fd, what: string, bpf: BpfSyscall): BpfProgram {
  try {
    return new BpfProgram(fd, programInfo(bpf, { fd: fd.number, what }).name, bpf)
  } catch (error) {
    fd.close()
    throw error
  }
}
