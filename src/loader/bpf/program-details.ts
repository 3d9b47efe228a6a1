import { objectInfo } from './object-commands.ts'
import type { PointerField } from './request.ts'
import type { BpfSyscall } from './syscall.ts'

/** What the kernel knows of a program besides {@link ProgramInfo}: records about lines and functions, machine code. */
export interface ProgramDetails {
  /** `struct bpf_func_info`; offsets in slots of the rewritten instructions. */
  readonly functions: readonly { readonly slot: number; readonly typeId: number }[]
  /** `struct bpf_line_info`; offsets in slots of the rewritten instructions, strings as offsets into the program's BTF. */
  readonly lines: readonly {
    readonly slot: number
    readonly file: number
    readonly text: number
    readonly line: number
    readonly column: number
  }[]
  readonly machineCode: MachineCodeDetails
}

/** The machine code of a program, as far as the kernel shows it to this process. */
export interface MachineCodeDetails {
  /** Bytes; 0 when the program was not compiled. */
  readonly size: number
  /** The code of all functions one behind the other; undefined when the kernel keeps it to itself. */
  readonly bytes: Uint8Array | undefined
  /** Functions: addresses in the kernel and bytes. */
  readonly functions: readonly { readonly address: bigint; readonly size: number }[]
  /** By line record: the address of its first machine instruction. */
  readonly lineAddresses: readonly bigint[]
}

/** Offsets in `struct bpf_prog_info` (include/uapi/linux/bpf.h): the number of elements, and where they go. */
const fields = {
  jitedBytes: { count: 16, pointer: 24, size: 1 },
  jitedFunctions: { count: 104, pointer: 112, size: 8 },
  jitedLengths: { count: 108, pointer: 120, size: 4 },
  funcInfo: { count: 144, pointer: 136, size: 8, record: 132 },
  lineInfo: { count: 148, pointer: 152, size: 16, record: 172 },
  jitedLines: { count: 168, pointer: 160, size: 8, record: 176 },
} as const

const PROGRAM_INFO_SIZE = 224

/** Reads line and function records and the machine code of a program. */
export function programDetails(
  bpf: BpfSyscall,
  program: { readonly fd: number; readonly what: string },
): ProgramDetails {
  const counts = new DataView(new ArrayBuffer(PROGRAM_INFO_SIZE))
  objectInfo(bpf, program, new Uint8Array(counts.buffer))
  const request = new DataView(new ArrayBuffer(PROGRAM_INFO_SIZE))
  const buffers = new Map<keyof typeof fields, Uint8Array>()
  const pointers: PointerField[] = []
  for (const [name, field] of Object.entries(fields) as [keyof typeof fields, Field][]) {
    const count = counts.getUint32(field.count, true)
    const buffer = new Uint8Array(count * field.size)
    buffers.set(name, buffer)
    if (count === 0) continue
    request.setUint32(field.count, count, true)
    if (field.record !== undefined) request.setUint32(field.record, field.size, true)
    pointers.push({ offset: field.pointer, buffer, inner: [] })
  }
  const info = new Uint8Array(request.buffer)
  objectInfo(bpf, program, info, pointers)
  const filled = new DataView(info.buffer)
  /** The kernel clears the pointer to what it does not show. */
  const view = (name: keyof typeof fields): DataView => {
    const { pointer } = fields[name]
    const shown = filled.getBigUint64(pointer, true) !== 0n
    const bytes = shown ? (buffers.get(name) ?? new Uint8Array()) : new Uint8Array()
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  const lengths = view('jitedLengths')
  const code = view('jitedBytes')
  return {
    functions: each(view('funcInfo'), 8, (at, it) => ({
      slot: it.getUint32(at, true),
      typeId: it.getUint32(at + 4, true),
    })),
    lines: each(view('lineInfo'), 16, (at, it) => ({
      slot: it.getUint32(at, true),
      file: it.getUint32(at + 4, true),
      text: it.getUint32(at + 8, true),
      line: it.getUint32(at + 12, true) >>> 10,
      column: it.getUint32(at + 12, true) & 0x3ff,
    })),
    machineCode: {
      size: counts.getUint32(fields.jitedBytes.count, true),
      bytes: code.byteLength === 0 ? undefined : new Uint8Array(code.buffer),
      functions: each(view('jitedFunctions'), 8, (at, it) => ({
        address: it.getBigUint64(at, true),
        size: lengths.byteLength >= (at / 8 + 1) * 4 ? lengths.getUint32((at / 8) * 4, true) : 0,
      })),
      lineAddresses: each(view('jitedLines'), 8, (at, it) => it.getBigUint64(at, true)),
    },
  }
}

interface Field {
  readonly count: number
  readonly pointer: number
  readonly size: number
  readonly record?: number
}

function each<T>(view: DataView, size: number, read: (at: number, view: DataView) => T): T[] {
  return Array.from({ length: Math.floor(view.byteLength / size) }, (_, index) => read(index * size, view))
}
