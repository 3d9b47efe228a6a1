/** Bytes of each member's place; the widest member there is. */
const placeSize = 8
/** Bytes of a kernel object: room for 64 members. */
const objectSize = 64 * placeSize

/**
 * Where the interpreter keeps members of kernel structs. It knows no kernel's layout, and need not: each member that
 * anybody names (a program in an instruction, a test by its path) gets the struct's next free place.
 */
export class KernelLayout {
  readonly #structs = new Map<string, Map<string, number>>()

  /** Offset of a member in bytes. `path` is as in the program, such as `proto.tcp.state`. */
  offsetOf(struct: string, path: string): number {
    const members = this.#structs.get(struct) ?? new Map<string, number>()
    this.#structs.set(struct, members)
    const known = members.get(path)
    if (known !== undefined) return known
    const offset = members.size * placeSize
    if (offset >= objectSize) throw new RangeError(`struct ${struct} has more than 64 members in use`)
    members.set(path, offset)
    return offset
  }
}

/** An object of the kernel, such as a `struct nf_conn`, for kfuncs to hand out. */
export class KernelObject {
  /** The struct whose layout it has. */
  readonly struct: string
  readonly bytes = new Uint8Array(objectSize)
  readonly #layout: KernelLayout
  readonly #view = new DataView(this.bytes.buffer)

  constructor(layout: KernelLayout, struct: string, members: Readonly<Record<string, number | bigint>> = {}) {
    this.#layout = layout
    this.struct = struct
    for (const [path, value] of Object.entries(members)) this.set(path, value)
  }

  /** A member, unsigned. */
  get(path: string): bigint {
    return this.#view.getBigUint64(this.#layout.offsetOf(this.struct, path), true)
  }

  set(path: string, value: number | bigint): void {
    this.#view.setBigUint64(this.#layout.offsetOf(this.struct, path), BigInt.asUintN(64, BigInt(value)), true)
  }
}
