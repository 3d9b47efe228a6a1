import { BpfRequest, cString } from './request.ts'
import { type BpfSyscall, callBpf, tryBpf } from './syscall.ts'

/** Arguments of BPF_PROG_LOAD. */
export interface ProgLoadArguments {
  /** `enum bpf_prog_type`. */
  readonly type: number
  readonly name: string
  /** Encoded instructions, 8 bytes a slot. */
  readonly instructions: Uint8Array
  readonly license: string
  readonly flags?: number
  /** `enum bpf_attach_type`, for types that decide by it what a program may do. */
  readonly expectedAttachType?: number
  /** BTF id of the function, hook or tracepoint that the program is verified for. */
  readonly attachBtfId?: number
  /** File descriptor of the module's BTF that has that id; vmlinux when absent. */
  readonly attachBtfFd?: number
  /** 0 without a log, 1 the failing path, 2 everything; or 4 for statistics only. */
  readonly logLevel?: number
  /** Where the log goes; needed when `logLevel` is not 0. */
  readonly log?: Uint8Array
  /** BTF with function and line records of 8 and 16 bytes (`struct bpf_func_info`, `struct bpf_line_info`). */
  readonly btf?: { readonly fd: number; readonly funcInfo: Uint8Array; readonly lineInfo: Uint8Array }
  /** File descriptors of module BTF that kfunc calls index, as u32s; index 0 is not used. */
  readonly fdArray?: Uint8Array
}

/** Bytes of `struct bpf_func_info` and `struct bpf_line_info` (include/uapi/linux/bpf.h). */
const FUNC_INFO_SIZE = 8
const LINE_INFO_SIZE = 16

/** How a program load went. */
export interface ProgLoadResult {
  /** A file descriptor, or `-errno`. */
  readonly result: number
  /** Bytes the whole log would have taken (6.4+); 0 where the kernel does not say. */
  readonly logTrueSize: number
}

/** BPF_PROG_LOAD. Does not throw: a refusal is for the caller to explain, with the log. */
export function progLoad(bpf: BpfSyscall, program: ProgLoadArguments): ProgLoadResult {
  const { btf, log } = program
  const request = new BpfRequest('BPF_PROG_LOAD', 144)
    .u32(0, program.type)
    .u32(4, program.instructions.byteLength / 8)
    .pointer(8, program.instructions)
    .pointer(16, cString(program.license))
    .u32(24, program.logLevel ?? 0)
    .u32(28, log?.byteLength ?? 0)
    .pointer(32, log)
    .u32(44, program.flags ?? 0)
    .objectName(48, program.name)
    .u32(68, program.expectedAttachType ?? 0)
    .u32(108, program.attachBtfId ?? 0)
    .u32(112, program.attachBtfFd ?? 0)
    .pointer(120, program.fdArray)
  if (btf !== undefined)
    request
      .u32(72, btf.fd)
      .u32(76, FUNC_INFO_SIZE)
      .pointer(80, btf.funcInfo)
      .u32(88, btf.funcInfo.byteLength / FUNC_INFO_SIZE)
      .u32(92, LINE_INFO_SIZE)
      .pointer(96, btf.lineInfo)
      .u32(104, btf.lineInfo.byteLength / LINE_INFO_SIZE)
  const result = tryBpf(bpf, request)
  return { result, logTrueSize: request.readU32(140) }
}

/** BPF_BTF_LOAD. @returns a file descriptor, or `-errno` */
export function btfLoad(bpf: BpfSyscall, btf: Uint8Array, log?: Uint8Array): number {
  const request = new BpfRequest('BPF_BTF_LOAD', 32)
    .pointer(0, btf)
    .pointer(8, log)
    .u32(16, btf.byteLength)
    .u32(20, log?.byteLength ?? 0)
    .u32(24, log === undefined ? 0 : 1)
  return tryBpf(bpf, request)
}

/** Arguments of BPF_PROG_TEST_RUN. */
export interface ProgTestRunArguments {
  readonly fd: number
  /** The packet going in; at least 14 bytes, 15 on newer kernels, for packet programs. */
  readonly dataIn: Uint8Array
  /** Where the packet goes coming out. */
  readonly dataOut: Uint8Array
  readonly ctxIn?: Uint8Array
  readonly ctxOut?: Uint8Array
  /** Times to run, 0 and 1 alike. */
  readonly repeat?: number
  readonly flags?: number
}

/** What BPF_PROG_TEST_RUN reports. */
export interface ProgTestRunResult {
  /** The program's return value, unsigned. */
  readonly retval: number
  /** Bytes of the packet coming out. */
  readonly dataSize: number
  /** Bytes of the context coming out. */
  readonly ctxSize: number
  /** Nanoseconds of one run, averaged over the repetitions. */
  readonly duration: number
}

/** BPF_PROG_TEST_RUN. */
export function progTestRun(bpf: BpfSyscall, run: ProgTestRunArguments, what: string): ProgTestRunResult {
  const request = new BpfRequest('BPF_PROG_TEST_RUN', 76)
    .u32(0, run.fd)
    .u32(8, run.dataIn.byteLength)
    .u32(12, run.dataOut.byteLength)
    .pointer(16, run.dataIn)
    .pointer(24, run.dataOut)
    .u32(32, run.repeat ?? 0)
    .u32(40, run.ctxIn?.byteLength ?? 0)
    .u32(44, run.ctxOut?.byteLength ?? 0)
    .pointer(48, run.ctxIn)
    .pointer(56, run.ctxOut)
    .u32(64, run.flags ?? 0)
  callBpf(bpf, request, `test-run ${what}`, (errno) => testRunHints[errno] ?? '')
  return {
    retval: request.readU32(4),
    dataSize: request.readU32(12),
    ctxSize: request.readU32(44),
    duration: request.readU32(36),
  }
}

const testRunHints: Readonly<Record<string, string>> = {
  EINVAL:
    'A packet needs at least an Ethernet header (14 bytes; newer kernels want more), and the context only zeros where the kernel fills it in.',
  ENOSPC: 'The packet or context that came out is larger than its buffer.',
  ERRNO_524: 'This program type cannot be test-run.',
  ENOTSUPP: 'This program type cannot be test-run.',
}
