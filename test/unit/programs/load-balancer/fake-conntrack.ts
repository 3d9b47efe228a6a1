import type { Call, VmFunctions } from '../../../../src/asm/vm/call.ts'
import { KernelLayout, KernelObject } from '../../../../src/asm/vm/kernel-object.ts'
import {
  Connection,
  Ipv4Tuple,
  LookupOptions,
  manipulate,
} from '../../../../src/programs/load-balancer/datapath/conntrack.ts'

/** What the kernel's connection table holds for a flow. */
export interface Entry {
  readonly object: KernelObject
  /** Where `bpf_ct_set_nat_info` said the connection goes, and where it seems to come from. */
  destination?: { readonly address: number; readonly port: number }
  source?: { readonly address: number; readonly port: number }
}

/** Jiffies that `bpf_jiffies64` gives in these tests: the interpreter's clock counts milliseconds. */
export const now = 3_600_000

/**
 * The conntrack kfuncs over a table in memory. Every call is written down; objects that are not given back are
 * counted, as the kernel's verifier would.
 */
export class FakeConntrack {
  readonly layout = new KernelLayout()
  readonly table = new Map<string, Entry>()
  /** The kfuncs called, in order, with what matters of their arguments. */
  readonly calls: string[] = []
  /** How often inserting still fails: another CPU is faster. `winner` is what that CPU has inserted. */
  clashes = 0
  winner: Entry | undefined
  tableFull = false
  /** Linux 6.1.0–6.1.55 and 6.5.0–6.5.5: a timeout stays relative when the entry is inserted. */
  insertForgetsNow = false
  /** What `bpf_ct_set_nat_info` returns. */
  natResult = 0
  readonly #held = new Set<KernelObject>()
  readonly #pending = new Map<KernelObject, { readonly key: string; readonly entry: Entry }>()

  /** Objects that the program has acquired and neither released nor inserted. */
  get held(): number {
    return this.#held.size
  }

  /** The one entry of the table. */
  get only(): Entry {
    const [first, ...others] = this.table.values()
    if (first === undefined || others.length > 0) throw new Error(`the table has ${this.table.size} entries`)
    return first
  }

  /** An entry as `nf_conn`'s members describe it; by default it is new and lives for a minute. */
  entry(members: Partial<Record<'mark' | 'status' | 'timeout' | 'proto.tcp.state', number>> = {}): Entry {
    return { object: new KernelObject(this.layout, Connection.layout, { timeout: now + 60_000, ...members }) }
  }

  /** Puts an entry into the table, for the flow whose key it is (see {@link keyOf}). */
  add(key: string, entry: Entry): void {
    this.table.set(key, entry)
  }

  get kfuncs(): VmFunctions {
    return {
      bpf_skb_ct_lookup: (call) => {
        const { key } = this.#flow(call)
        this.calls.push('lookup')
        const found = this.table.get(key)
        if (found === undefined) return 0
        if (Number(found.object.get('timeout')) <= now) {
          this.table.delete(key)
          return 0
        }
        return this.#acquire(call, found.object, 'a struct nf_conn')
      },
      bpf_skb_ct_alloc: (call) => {
        const { key, text } = this.#flow(call)
        this.calls.push(`alloc ${text}`)
        if (this.tableFull) return 0
        // What is not in the table yet does not know when it will be: its timeout is relative.
        const entry = this.entry({ timeout: 10_000 })
        this.#pending.set(entry.object, { key, entry })
        return this.#acquire(call, entry.object, 'a struct nf_conn___init')
      },
      bpf_ct_set_nat_info: (call) => {
        const { entry } = this.#pendingEntry(call)
        const [a = 0, b = 0, c = 0, d = 0] = call.bytes(1, 16)
        const where = { address: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, port: call.s32(2) }
        if (call.u32(3) === manipulate.destination) entry.destination = where
        else entry.source = where
        this.calls.push('nat')
        return this.natResult
      },
      bpf_ct_insert_entry: (call) => {
        const pending = this.#pendingEntry(call)
        this.#give(call)
        this.#pending.delete(pending.entry.object)
        if (this.clashes > 0) {
          this.clashes--
          this.calls.push('insert: clash')
          if (this.winner !== undefined) this.table.set(pending.key, this.winner)
          return 0
        }
        this.calls.push('insert')
        const { object } = pending.entry
        if (!this.insertForgetsNow) object.set('timeout', now + Number(object.get('timeout')))
        this.table.set(pending.key, pending.entry)
        return this.#acquire(call, pending.entry.object, 'a struct nf_conn')
      },
      bpf_ct_change_timeout: (call) => {
        const object = this.#object(call)
        this.calls.push(`change timeout ${call.u32(1)}`)
        object.set('timeout', now + call.u32(1))
        return 0
      },
      bpf_ct_release: (call) => {
        this.calls.push('release')
        this.#give(call)
        return undefined
      },
    }
  }

  #acquire(call: Call, object: KernelObject, what: string): number {
    this.#held.add(object)
    return call.machine.memory.handle(object, what, object.bytes)
  }

  /** Takes an object back: pointers to it dangle from now on. */
  #give(call: Call): void {
    const object = this.#object(call)
    this.#held.delete(object)
    call.machine.memory.unmap(call.u32(0))
  }

  #object(call: Call): KernelObject {
    const object = call.object(0, KernelObject)
    if (!this.#held.has(object)) throw call.error('the object was given back already')
    return object
  }

  #pendingEntry(call: Call): { readonly key: string; readonly entry: Entry } {
    const pending = this.#pending.get(this.#object(call))
    if (pending === undefined) throw call.error('the entry is in the table already')
    return pending
  }

  #flow(call: Call): { readonly key: string; readonly text: string } {
    if (call.u32(2) !== Ipv4Tuple.size) throw call.error(`a tuple of ${call.u32(2)} bytes`)
    if (call.u32(4) !== LookupOptions.size) throw call.error(`options of ${call.u32(4)} bytes`)
    const tuple = Ipv4Tuple.decode(call.bytes(1, Ipv4Tuple.size))
    const options = LookupOptions.decode(call.bytes(3, LookupOptions.size))
    if (options.netnsId !== -1 || options.reserved !== 0) throw call.error('options that the kernel refuses')
    const key = keyOf({ ...tuple, protocol: options.protocol })
    return { key, text: key }
  }
}

/** A flow as text: addresses and ports as numbers in host order. */
export function keyOf(flow: {
  readonly source: number
  readonly sourcePort: number
  readonly destination: number
  readonly destinationPort: number
  readonly protocol: number
}): string {
  return `${flow.protocol} ${dotted(flow.source)}:${flow.sourcePort} → ${dotted(flow.destination)}:${flow.destinationPort}`
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}
