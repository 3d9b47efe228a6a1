import { programBtf } from '../../asm/btf/program-btf.ts'
import type { TsbpfError } from '../../asm/diagnostics/error.ts'
import type { GivenConstants } from '../../asm/dsl/map/global.ts'
import { encode } from '../../asm/isa/encode.ts'
import type { MapSpec, ProgramSpec } from '../../asm/program.ts'
import { programTypes } from '../../asm/program.ts'
import { bpfError } from '../bpf/error.ts'
import { Fd } from '../bpf/fd.ts'
import { MapMismatchError, mapDifferences } from '../bpf/map-spec-check.ts'
import type { ProgLoadArguments } from '../bpf/program-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { errnoName } from '../errno.ts'
import { openModuleBtf } from '../kernel/module-btf.ts'
import { type KernelTypes, runningKernelTypes } from '../kernel/vmlinux-btf.ts'
import { FileSourceText, type SourceText } from '../source-text.ts'
import { VerifierError } from '../verifier/error.ts'
import { resolveAttach } from './attach-target.ts'
import { loadBtf } from './load-btf.ts'
import { loadWithLog } from './load-with-log.ts'
import { locateSource } from './locate-source.ts'
import { makeGlobals } from './make-globals.ts'
import { missingHelper } from './missing-helper.ts'
import { BpfProgram } from './program.ts'
import { resolveSymbols } from './resolve.ts'

/** A map that a program can be given: a `BpfMap` of any key and value. */
export interface LoadedMap {
  readonly fd: Fd
  readonly spec: MapSpec
}

/** What a program is loaded with. */
export interface LoadOptions {
  /** The program's maps: all that it refers to, in any order. */
  readonly maps: Iterable<LoadedMap> | ReadonlyMap<string, LoadedMap>
  /**
   * Values of constant data, in place of those it was written with: `[config.with({ limit: 5 })]`. Global data that is
   * not among {@link maps} is made along with the program and lives as long as it.
   */
  readonly constants?: readonly GivenConstants[]
  /** Where kfuncs and struct members are looked up; the running kernel when absent. */
  readonly kernel?: KernelTypes
  /** The verifier's log in {@link BpfProgram.log}: 1 the path taken, 2 everything; none when absent. */
  readonly logLevel?: 0 | 1 | 2
  /** Where the text of source lines comes from; the file system when absent. */
  readonly sourceText?: SourceText
  /** `enum bpf_attach_type`, for program types that are verified by it; what the program says when absent. */
  readonly expectedAttachType?: number
  /** The kernel to talk to; the running one when absent. */
  readonly bpf?: BpfSyscall
}

/**
 * Loads a program into the kernel: names become numbers of this kernel, source lines go along as BTF, and a refusal
 * is explained by the TypeScript at fault.
 *
 * @throws {VerifierError} when the verifier rejects it
 * @throws {UnsupportedFeatureError} for a kfunc or helper that this kernel does not have
 * @throws {KernelTypeError} for a kfunc or struct member that is different on this kernel
 * @throws {AttachTargetError} for a function, hook or tracepoint to be attached to that this kernel does not have
 * @throws {MapMismatchError} for a map that is not as the program specifies it
 * @throws {MissingPrivilegeError} for want of CAP_BPF, CAP_NET_ADMIN or CAP_PERFMON
 * @throws {BpfError} when the kernel refuses without consulting the verifier
 */
export function loadProgram(spec: ProgramSpec, options: LoadOptions): BpfProgram {
  const { bpf = kernelBpf, kernel = runningKernelTypes(), logLevel = 0 } = options
  const maps = new Map(byName(options.maps))
  checkMaps(spec, maps)
  const source = options.sourceText ?? new FileSourceText()
  const located = locateSource(spec, source)
  const line = (file: string, number: number) => source.line(file, number)
  const attach = resolveAttach(spec, kernel)

  const held: Fd[] = []
  try {
    for (const map of makeGlobals(spec, maps, options.constants ?? [], bpf)) {
      maps.set(map.spec.name, map)
      held.push(map.fd)
    }
    const resolved = resolveSymbols(located, (name) => maps.get(name)?.fd.number, kernel)
    const records = programBtf(located, { lineText: line })
    const btf = loadBtf(bpf, records.btf, spec.name)
    if (btf !== undefined) held.push(btf)
    const modules = openModuleBtf(bpf, resolved.modules)
    held.push(...modules)
    const [attachModule] = openModuleBtf(bpf, attach.module === undefined ? [] : [attach.module])
    if (attachModule !== undefined) held.push(attachModule)
    const expectedAttachType = options.expectedAttachType ?? attach.expectedAttachType
    const request: ProgLoadArguments = {
      type: programTypes[spec.type],
      name: spec.name,
      instructions: encode(resolved.instructions),
      license: spec.license,
      ...(btf && { btf: { fd: btf.number, funcInfo: records.funcInfo, lineInfo: records.lineInfo } }),
      ...(modules.length > 0 && { fdArray: fdArray(modules) }),
      ...(expectedAttachType !== undefined && { expectedAttachType }),
      ...(attach.btfId !== undefined && { attachBtfId: attach.btfId }),
      ...(attachModule && { attachBtfFd: attachModule.number }),
      ...(spec.sleepable === true && { flags: sleepable }),
    }
    const { result, log } = loadWithLog(bpf, request, logLevel)
    if (result >= 0)
      return new BpfProgram(new Fd(result, `program "${spec.name}"`, bpf), spec.name, bpf, log, spec.attach)
    if (log.trim() === '') throw refusal(spec, -result)
    const missing = missingHelper(spec, log)
    if (missing !== undefined) throw missing
    throw new VerifierError(
      { name: spec.name, instructions: resolved.instructions, line, directory: process.cwd() },
      log,
      -result,
    )
  } finally {
    for (const fd of held) fd.close()
  }
}

/** BPF_F_SLEEPABLE (include/uapi/linux/bpf.h). */
const sleepable = 1 << 4

function byName(maps: LoadOptions['maps']): ReadonlyMap<string, LoadedMap> {
  if (maps instanceof Map) return maps
  return new Map([...(maps as Iterable<LoadedMap>)].map((map) => [map.spec.name, map]))
}

function checkMaps(spec: ProgramSpec, maps: ReadonlyMap<string, LoadedMap>): void {
  for (const wanted of spec.maps) {
    const given = maps.get(wanted.name)?.spec
    if (given === undefined) continue
    const differences = mapDifferences(wanted, given)
    if (differences.length > 0)
      throw new MapMismatchError(`map "${wanted.name}" given to program "${spec.name}"`, differences)
  }
}

/** Index 0 stands for vmlinux and is not read. */
function fdArray(modules: readonly Fd[]): Uint8Array {
  const fds = Int32Array.of(0, ...modules.map((fd) => fd.number))
  return new Uint8Array(fds.buffer)
}

/** The kernel said no before the verifier looked at the program. */
function refusal(spec: ProgramSpec, errno: number): TsbpfError {
  return bpfError(
    'BPF_PROG_LOAD',
    errno,
    `load program "${spec.name}" (${spec.type})`,
    hints[errnoName(errno)] ?? '',
  )
}

const hints: Readonly<Record<string, string>> = {
  E2BIG: 'A program may have a million instructions at most.',
  EINVAL: 'The kernel does not know this program type or attach type, or the program is empty.',
  ENOMEM: 'Not enough memory for the program.',
  ENOTSUPP: 'The JIT is off or cannot call kernel functions on this architecture.',
}
