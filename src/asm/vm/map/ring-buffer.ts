import { errno, KeylessMap } from './map.ts'

/** `ringbuf`: records, kept in the order in which they were submitted until somebody takes them. */
export class RingBufferMap extends KeylessMap {
  #records: Uint8Array[] = []
  #used = 0
  readonly #reserved = new Set<Uint8Array>()

  /** Takes the records that are there. */
  drain(): Uint8Array[] {
    const records = this.#records
    this.#records = []
    this.#used = 0
    return records
  }

  /** Room for a record; undefined when the buffer is full. */
  reserve(size: number): Uint8Array | undefined {
    // Each record takes a header of 8 bytes and is rounded up to 8 (BPF_RINGBUF_HDR_SZ, linux/bpf.h).
    const taken = 8 + Math.ceil(size / 8) * 8
    if (this.#used + taken > this.spec.maxEntries) return undefined
    this.#used += taken
    const record = new Uint8Array(size)
    this.#reserved.add(record)
    return record
  }

  /** Makes a reserved record visible, or throws it away. @returns whether it was a reserved one */
  finish(record: Uint8Array, submit: boolean): boolean {
    if (!this.#reserved.delete(record)) return false
    if (submit) this.#records.push(record)
    return true
  }

  /** What `bpf_ringbuf_query` answers: BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE, and positions, which start over here. */
  query(what: number): number {
    return [this.#used, this.spec.maxEntries, 0, this.#used][what] ?? 0
  }

  override update(): number {
    return -errno.EOPNOTSUPP
  }

  override delete(): number {
    return -errno.EOPNOTSUPP
  }
}
