import { linkTypes } from './constants.ts'
import { objectInfo } from './object-commands.ts'
import type { PointerField } from './request.ts'
import type { BpfSyscall } from './syscall.ts'

/** An open object as {@link mapInfo} and the others need it. */
interface Handle {
  readonly fd: number
  /** For messages: `map "backends"`. */
  readonly what: string
}

/** `struct bpf_map_info` (include/uapi/linux/bpf.h). */
export interface MapInfo {
  /** `enum bpf_map_type`. */
  readonly type: number
  readonly id: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly name: string
  /** BTF object that describes keys and values; 0 for none. */
  readonly btfId: number
}

/** `struct bpf_prog_info` (include/uapi/linux/bpf.h). */
export interface ProgramInfo {
  /** `enum bpf_prog_type`. */
  readonly type: number
  readonly id: number
  readonly name: string
  /** 16 hexadecimal digits over the instructions, equal for equal programs on one kernel. */
  readonly tag: string
  /** Bytes of machine code; 0 without a JIT. */
  readonly jitedSize: number
  /** Bytes of instructions after the verifier's rewriting. */
  readonly translatedSize: number
  /** When it was loaded: nanoseconds since boot. */
  readonly loadTime: bigint
  readonly mapIds: readonly number[]
  readonly gplCompatible: boolean
  /** BTF object with function and line records; 0 for none. */
  readonly btfId: number
  /** Instructions the verifier went through (5.16+), at most a million. */
  readonly verifiedInstructions: number
  /** Nanoseconds spent in it and runs, while `kernel.bpf_stats_enabled` is 1. */
  readonly runTime: bigint
  readonly runCount: bigint
}

/** `struct bpf_link_info` (include/uapi/linux/bpf.h). */
export interface LinkInfo {
  /** `enum bpf_link_type`. */
  readonly type: number
  readonly id: number
  readonly programId: number
  /** For tcx, netkit and xdp links: the interface, 0 once it is gone or the link detached. */
  readonly ifindex: number
  /** For links of tcx, netkit, cgroups, network namespaces and tracing: `enum bpf_attach_type`; 0 otherwise. */
  readonly attachType: number
  /** For cgroup links: the cgroup's id, 0 once it is gone or the link detached; 0 otherwise. */
  readonly cgroupId: bigint
}

/** `struct bpf_btf_info` (include/uapi/linux/bpf.h). */
export interface BtfInfo {
  readonly id: number
  /** `vmlinux`, a module's name, or empty for a program's BTF. */
  readonly name: string
  readonly size: number
  readonly fromKernel: boolean
}

/** Reads a map's info. */
export function mapInfo(bpf: BpfSyscall, map: Handle): MapInfo {
  const { u32, text } = read(bpf, map, MAP_INFO_SIZE)
  return {
    type: u32(0),
    id: u32(4),
    keySize: u32(8),
    valueSize: u32(12),
    maxEntries: u32(16),
    flags: u32(20),
    name: text(24),
    btfId: u32(64),
  }
}

/** Reads a program's info, with the ids of its maps. */
export function programInfo(bpf: BpfSyscall, program: Handle): ProgramInfo {
  const mapCount = read(bpf, program, PROGRAM_INFO_SIZE).u32(52)
  const mapIds = new Uint32Array(mapCount)
  const { u32, u64, text, bytes } = read(bpf, program, PROGRAM_INFO_SIZE, (view) => {
    view.setUint32(52, mapCount, true)
    return [{ offset: 56, buffer: new Uint8Array(mapIds.buffer), inner: [] }]
  })
  return {
    type: u32(0),
    id: u32(4),
    name: text(64),
    tag: hex(bytes.subarray(8, 16)),
    jitedSize: u32(16),
    translatedSize: u32(20),
    loadTime: u64(40),
    mapIds: [...mapIds],
    gplCompatible: (u32(84) & 1) === 1,
    btfId: u32(128),
    runTime: u64(192),
    runCount: u64(200),
    verifiedInstructions: u32(216),
  }
}

/**
 * The instructions as the verifier rewrote them: 8 bytes a slot, addresses blanked unless the process may see them.
 */
export function translatedInstructions(bpf: BpfSyscall, program: Handle): Uint8Array {
  const instructions = new Uint8Array(read(bpf, program, PROGRAM_INFO_SIZE).u32(20))
  read(bpf, program, PROGRAM_INFO_SIZE, (view) => {
    view.setUint32(20, instructions.byteLength, true)
    return [{ offset: 32, buffer: instructions, inner: [] }]
  })
  return instructions
}

/** Reads a link's info. */
export function linkInfo(bpf: BpfSyscall, link: Handle): LinkInfo {
  const { u32, u64 } = read(bpf, link, LINK_INFO_SIZE)
  const type = u32(0)
  const { xdp, tcx, netkit, tracing, cgroup, netns } = linkTypes
  const onInterface = type === xdp || type === tcx || type === netkit
  // Where the union's member for this type of link has its attach type.
  const attachType = new Map<number, number>([
    [tracing, 16],
    [tcx, 20],
    [netkit, 20],
    [netns, 20],
    [cgroup, 24],
  ]).get(type)
  return {
    type,
    id: u32(4),
    programId: u32(8),
    ifindex: onInterface ? u32(16) : 0,
    attachType: attachType === undefined ? 0 : u32(attachType),
    cgroupId: type === cgroup ? u64(16) : 0n,
  }
}

/** Reads a BTF object's info. */
export function btfInfo(bpf: BpfSyscall, btf: Handle): BtfInfo {
  const name = new Uint8Array(64) // MODULE_NAME_LEN is 64 - sizeof(unsigned long)
  const { u32 } = read(bpf, btf, BTF_INFO_SIZE, (view) => {
    view.setUint32(24, name.byteLength, true)
    return [{ offset: 16, buffer: name, inner: [] }]
  })
  return { id: u32(12), name: untilZero(name), size: u32(8), fromKernel: u32(28) !== 0 }
}

const MAP_INFO_SIZE = 88
const PROGRAM_INFO_SIZE = 224
const LINK_INFO_SIZE = 32
const BTF_INFO_SIZE = 32

function read(
  bpf: BpfSyscall,
  object: Handle,
  size: number,
  prepare: (view: DataView) => readonly PointerField[] = () => [],
) {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  objectInfo(bpf, object, bytes, prepare(view))
  return {
    bytes,
    u32: (offset: number) => view.getUint32(offset, true),
    u64: (offset: number) => view.getBigUint64(offset, true),
    text: (offset: number) => untilZero(bytes.subarray(offset, offset + 16)),
  }
}

function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder('latin1').decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The bytes of a BTF object. */
export function btfBytes(bpf: BpfSyscall, btf: Handle): Uint8Array {
  const bytes = new Uint8Array(btfInfo(bpf, btf).size)
  read(bpf, btf, BTF_INFO_SIZE, (view) => {
    view.setUint32(8, bytes.byteLength, true)
    return [{ offset: 0, buffer: bytes, inner: [] }]
  })
  return bytes
}
