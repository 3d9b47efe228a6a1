import { KeylessMap } from './map.ts'

/** `perf_event_array`: records, kept in the order in which they came, with the CPU they came from. */
export class PerfEventsMap extends KeylessMap {
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
}
