import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { type BpfCommand, OBJECT_NAME_SIZE } from './constants.ts'

/** A pointer inside an attribute: where its 8 bytes go and what they point to. */
export interface PointerField {
  readonly offset: number
  readonly buffer: Uint8Array
  /** Pointers inside that buffer. */
  readonly inner: readonly PointerField[]
}

/**
 * One call of bpf(2) as data: a command and its `union bpf_attr` (include/uapi/linux/bpf.h), little-endian. The
 * addresses of {@link pointers} are filled in by whoever carries the call out, so a request can be compared
 * byte by byte without a kernel. The kernel writes its answers into {@link attr} and into the buffers.
 */
export class BpfRequest {
  readonly command: BpfCommand
  readonly attr: Uint8Array
  readonly pointers: PointerField[] = []
  readonly #view: DataView

  /** @param size bytes of the attribute up to the last field in use; the kernel takes the rest as zero. */
  constructor(command: BpfCommand, size: number) {
    this.command = command
    this.attr = new Uint8Array(size)
    this.#view = new DataView(this.attr.buffer)
  }

  /** Writes an unsigned 32-bit field. */
  u32(offset: number, value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
      throw new RangeError(`${this.command}: attribute at ${offset} expected 0 to 2^32-1, got ${value}`)
    this.#view.setUint32(offset, value, true)
    return this
  }

  /** Writes an unsigned 64-bit field. */
  u64(offset: number, value: bigint): this {
    if (value < 0n || value > 0xffffffffffffffffn)
      throw new RangeError(`${this.command}: attribute at ${offset} expected 0 to 2^64-1, got ${value}`)
    this.#view.setBigUint64(offset, value, true)
    return this
  }

  /** Writes a null pointer for an absent or empty buffer. @param inner pointers inside the buffer */
  pointer(offset: number, buffer: Uint8Array | undefined, inner: readonly PointerField[] = []): this {
    if (buffer !== undefined && buffer.byteLength > 0) this.pointers.push({ offset, buffer, inner })
    return this
  }

  /** Writes an object's name after checking it: see {@link checkObjectName}. */
  objectName(offset: number, name: string): this {
    checkObjectName(name)
    for (let i = 0; i < name.length; i++) this.attr[offset + i] = name.charCodeAt(i)
    return this
  }

  /** Reads back an unsigned 32-bit field, after the call. */
  readU32(offset: number): number {
    return this.#view.getUint32(offset, true)
  }

  /** Reads back an unsigned 64-bit field, after the call. */
  readU64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true)
  }
}

/**
 * Checks a map's or program's name against what the kernel takes: 1 to 15 of `[A-Za-z0-9_.]`
 * (`bpf_obj_name_cpy` in kernel/bpf/syscall.c).
 *
 * @throws {TsbpfError} with code `BPF_NAME`
 */
export function checkObjectName(name: string): void {
  if (/^[A-Za-z0-9_.]+$/.test(name) && name.length < OBJECT_NAME_SIZE) return
  throw new TsbpfError('BPF_NAME', `"${name}" cannot be the name of a BPF object`, {
    hint: `Use 1 to ${OBJECT_NAME_SIZE - 1} letters, digits, underscores or dots.`,
  })
}

/** A string as the kernel reads it: UTF-8 with a terminating zero. */
export function cString(text: string): Uint8Array {
  if (text.includes('\0')) throw new RangeError(`"${text}" contains a zero character`)
  return new TextEncoder().encode(`${text}\0`)
}
