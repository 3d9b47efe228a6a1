import type { QueueDefinition } from '../../asm/dsl/map/queue.ts'
import { type Codec, rawCodec } from '../../asm/layout/codec.ts'
import type { Fields, StructType, ValueOf } from '../../asm/layout/struct.ts'
import type { MapSpec } from '../../asm/program.ts'
import type { Fd } from './fd.ts'
import { BpfMap } from './map.ts'
import { mapUpdate } from './map-commands.ts'
import { type BpfSyscall, kernelBpf } from './syscall.ts'

const noKey = new Uint8Array(0)
/** BPF_EXIST (include/uapi/linux/bpf.h): a full queue drops its oldest value. */
const replaceOldest = 2

/** A queue, stack or bloom filter of the running kernel. */
export class BpfQueue<V> {
  readonly spec: MapSpec
  readonly fd: Fd
  readonly #map: BpfMap<Uint8Array, V>
  readonly #codec: Codec<V>
  readonly #bpf: BpfSyscall

  /** Use {@link createQueue}. */
  constructor(map: BpfMap<Uint8Array, V>, codec: Codec<V>, bpf: BpfSyscall) {
    this.spec = map.spec
    this.fd = map.fd
    this.#map = map
    this.#codec = codec
    this.#bpf = bpf
  }

  /**
   * Puts a value in.
   *
   * @param full what a full queue or stack does: refuse, or drop its oldest value
   * @throws {BpfError} E2BIG when it is full
   */
  push(value: V, full: 'refuse' | 'drop-oldest' = 'refuse'): void {
    const handle = { fd: this.fd.number, what: `map "${this.spec.name}"` }
    mapUpdate(this.#bpf, handle, noKey, this.#codec.encode(value), full === 'refuse' ? 0 : replaceOldest)
  }

  /** Takes the value that comes out next; undefined when it is empty. Not of bloom filters. */
  pop(): V | undefined {
    return this.#map.take(noKey)
  }

  /** The value that {@link pop} would take. */
  peek(): V | undefined {
    return this.#map.get(noKey)
  }

  /** Gives it a path under bpffs; it then outlives this process. */
  pin(path: string): void {
    this.#map.pin(path)
  }

  /** Closes the file descriptor. Safe to call twice. */
  close(): void {
    this.fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Makes the queue or stack that a program was written with, or a bloom filter to add values to. @throws {BpfError} */
export function createQueue<V extends Fields>(
  { spec, value }: QueueDefinition<V>,
  bpf: BpfSyscall = kernelBpf,
): BpfQueue<ValueOf<StructType<V>>> {
  const codec = value as unknown as Codec<ValueOf<StructType<V>>>
  return new BpfQueue(BpfMap.create(spec, { key: rawCodec(0), value: codec }, { bpf }), codec, bpf)
}
