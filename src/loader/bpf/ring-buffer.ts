import type { RingBufferDefinition } from '../../asm/dsl/map/events.ts'
import type { Codec } from '../../asm/layout/codec.ts'
import { rawCodec } from '../../asm/layout/codec.ts'
import type { Fields, StructType, ValueOf } from '../../asm/layout/struct.ts'
import type { MapSpec } from '../../asm/program.ts'
import { type MappedMemory, mapMemory, onReadable, type Watch } from '../ffi.ts'
import { pageSize } from '../page-size.ts'
import type { Fd } from './fd.ts'
import { BpfMap } from './map.ts'
import { objectPin } from './object-commands.ts'
import { kernelBpf } from './syscall.ts'

const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1

/** Bits of a record's header (BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT; include/uapi/linux/bpf.h). */
const busy = 0x8000_0000
const discarded = 0x4000_0000
/** Bytes of a record's header (BPF_RINGBUF_HDR_SZ). */
const headerSize = 8

/**
 * The reading end of a ring buffer. Records are read where the kernel wrote them, without system calls; when there
 * are none, the file descriptor is watched. One reader at a time.
 *
 * ```ts
 * using events = createRingBuffer(definition)
 * using program = loadProgram(spec, { maps: [events] })
 * for await (const event of events) console.log(event)
 * ```
 */
export class RingBuffer<V> {
  readonly spec: MapSpec
  readonly fd: Fd
  readonly #codec: Codec<V>
  readonly #size: number
  readonly #pageSize: number
  /** A page with the position of the reader. */
  readonly #consumer: MappedMemory
  /** A page with the position of the writers, and the data, twice: a record that wraps around is in one piece. */
  readonly #producer: MappedMemory
  #watch: Watch | undefined
  #wake: (() => void) | undefined
  #closed = false

  /** Takes a ring buffer over. @throws {SyscallError} when it cannot be mapped */
  constructor(map: Pick<BpfMap, 'spec' | 'fd'>, codec: Codec<V>) {
    this.#pageSize = pageSize()
    this.spec = map.spec
    this.fd = map.fd
    this.#codec = codec
    this.#size = map.spec.maxEntries
    this.#consumer = mapMemory(this.#pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd.number)
    try {
      const length = this.#pageSize + 2 * this.#size
      this.#producer = mapMemory(length, PROT_READ, MAP_SHARED, map.fd.number, this.#pageSize)
    } catch (error) {
      this.#consumer.close()
      throw error
    }
  }

  /**
   * Reads the records that are there.
   *
   * @param handle is called with each; the record is given back to the kernel when it returns, or throws
   * @param limit how many at most
   * @returns how many were read
   */
  read(handle: (record: V) => void, limit = Number.POSITIVE_INFINITY): number {
    let count = 0
    while (count < limit) {
      const record = this.#next()
      if (record === undefined) break
      count++
      handle(record)
    }
    return count
  }

  /** Bytes that wait to be read, headers included. */
  get waiting(): number {
    return Number(this.#written() - this.#position())
  }

  /** The records as they come, until the buffer is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<V> {
    while (!this.#closed) {
      const record = this.#next()
      if (record !== undefined) yield record
      else await this.#readable()
    }
  }

  /** Calls `handle` with each record as it comes, until the buffer is closed or `stop` is called. */
  subscribe(handle: (record: V) => void): { stop(): void } {
    let stopped = false
    const run = async (): Promise<void> => {
      while (!stopped && !this.#closed) {
        this.read(handle)
        if (!stopped && !this.#closed) await this.#readable()
      }
    }
    const running = run()
    running.catch((error) =>
      queueMicrotask(() => {
        throw error
      }),
    )
    return {
      stop: () => {
        stopped = true
        this.#wake?.()
      },
    }
  }

  /** Gives the ring buffer a path under bpffs; it then outlives this process. */
  pin(path: string): void {
    objectPin(kernelBpf, this.fd.number, path, `map "${this.spec.name}"`)
  }

  /** Unmaps the memory and closes the file descriptor; iterations end. Safe to call twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#wake?.()
    this.#watch?.close()
    this.#consumer.close()
    this.#producer.close()
    this.fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #position(): bigint {
    return Atomics.load(wordAt(this.#consumer.bytes), 0)
  }

  #written(): bigint {
    return Atomics.load(wordAt(this.#producer.bytes), 0)
  }

  /** Takes the next record; undefined when there is none, or its writer is not done with it. */
  #next(): V | undefined {
    const { bytes } = this.#producer
    for (;;) {
      const position = this.#position()
      if (position >= this.#written()) return undefined
      const at = this.#pageSize + Number(position & BigInt(this.#size - 1))
      // The writer clears the busy bit last, with release semantics.
      const header = Atomics.load(new Uint32Array(bytes.buffer, bytes.byteOffset + at, 1), 0)
      if ((header & busy) !== 0) return undefined
      const length = header & ~(busy | discarded)
      const next = position + BigInt(Math.ceil((length + headerSize) / 8) * 8)
      if ((header & discarded) !== 0) {
        this.#giveBack(next)
        continue
      }
      try {
        return this.#codec.decode(bytes.subarray(at + headerSize, at + headerSize + length))
      } finally {
        this.#giveBack(next)
      }
    }
  }

  #giveBack(position: bigint): void {
    Atomics.store(wordAt(this.#consumer.bytes), 0, position)
  }

  #readable(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#watch?.close()
        this.#watch = undefined
        this.#wake = undefined
        resolve()
      }
      this.#wake = done
      this.#watch = onReadable(this.fd.number, done)
    })
  }
}

/** A 64-bit counter at the start of a page. */
function wordAt(page: Uint8Array): BigUint64Array {
  return new BigUint64Array(page.buffer, page.byteOffset, 1)
}

/** Makes the ring buffer that a program was written with, ready to be read. Give it to `loadProgram`. @throws {BpfError} */
export function createRingBuffer<V extends Fields>(
  definition: RingBufferDefinition<V>,
): RingBuffer<ValueOf<StructType<V>>> {
  const { record } = definition
  return openOn(BpfMap.create(definition.spec), record as unknown as Codec<ValueOf<StructType<V>>>)
}

/** Opens a pinned ring buffer for reading. @throws {MapMismatchError} when it is another map */
export function openRingBuffer<V extends Fields>(
  path: string,
  definition: RingBufferDefinition<V>,
): RingBuffer<ValueOf<StructType<V>>> {
  const codecs = { key: rawCodec(0), value: rawCodec(0) }
  const map = BpfMap.openPinned(path, definition.spec, codecs)
  return openOn(map, definition.record as unknown as Codec<ValueOf<StructType<V>>>)
}

function openOn<V>(map: Pick<BpfMap, 'spec' | 'fd' | 'close'>, codec: Codec<V>): RingBuffer<V> {
  try {
    return new RingBuffer(map, codec)
  } catch (error) {
    map.close()
    throw error
  }
}
