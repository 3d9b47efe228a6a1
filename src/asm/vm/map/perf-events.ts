import { errno, VmMap } from './map.ts'

/** `perf_event_array`: records, kept in the order in which they came, with the CPU they came from. */
export class PerfEventsMap extends VmMap {
  #records: { readonly cpu: number; readonly data: Uint8Array }[] = []

  /** Takes the records that are there. */
  drain(): { readonly cpu: number; readonly data: Uint8Array }[] {
    const records = this.#records
    this.#records = []
    return records
  }

  add(cpu: number, data: Uint8Array): void {
    this.#records.push({ cpu, data })
  }

  lookup(): undefined {
    return undefined
  }

  update(): number {
    return -errno.EINVAL
  }

  delete(): number {
    return -errno.EINVAL
  }

  *keys(): Generator<Uint8Array> {}
}
