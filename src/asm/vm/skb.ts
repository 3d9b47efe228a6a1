import { SkBuff } from '../dsl/program/context.ts'
import type { ValueOf } from '../layout/struct.ts'
import type { Call, VmFunctions } from './call.ts'
import { errno } from './map/map.ts'
import type { Memory } from './memory.ts'

/** Where a program asked for the packet to be sent. */
export interface Redirect {
  readonly ifindex: number
  readonly flags: bigint
  /** `redirect`: as it is; `redirect_neigh`, `redirect_peer`: as the helper of that name does. */
  readonly how: 'redirect' | 'redirect_neigh' | 'redirect_peer'
}

/** TC_ACT_REDIRECT (include/uapi/linux/pkt_cls.h), what the redirect helpers return. */
const redirectVerdict = 7

/** A packet with its `struct __sk_buff`, in the memory of one run. */
export class Skb {
  /** The whole packet. */
  readonly packet: Uint8Array
  readonly context: Uint8Array
  redirect: Redirect | undefined
  readonly #memory: Memory
  #linear: number
  #data = 0

  constructor(memory: Memory, packet: Uint8Array, fields: Partial<ValueOf<typeof SkBuff>>, linear: number) {
    this.#memory = memory
    this.packet = packet.slice()
    this.#linear = Math.min(linear, packet.byteLength)
    this.context = SkBuff.encode({
      ...zeroes,
      len: packet.byteLength,
      protocol: ((packet[12] ?? 0) << 8) | (packet[13] ?? 0),
      ...fields,
    })
  }

  /** Maps context and packet into the memory. @returns the context's address */
  map(): number {
    const address = this.#memory.map('the context', this.context)
    this.#mapPacket()
    return address
  }

  /**
   * Makes at least `length` bytes directly readable (0: as many as are). The packet moves: pointers to it dangle,
   * as the kernel's verifier assumes.
   *
   * @returns whether the packet is that long
   */
  pull(length: number): boolean {
    if (length > this.packet.byteLength) return false
    this.#linear = Math.max(this.#linear, length)
    this.#memory.unmap(this.#data)
    this.#mapPacket()
    return true
  }

  #mapPacket(): void {
    this.#data = this.#memory.map('the packet', this.packet.subarray(0, this.#linear))
    const view = new DataView(this.context.buffer)
    // 32 bits each to the program; the addresses of the interpreter fit, where the kernel rewrites the loads.
    view.setUint32(SkBuff.fields.data.offset, this.#data, true)
    view.setUint32(SkBuff.fields.dataEnd.offset, this.#data + this.#linear, true)
    view.setUint32(SkBuff.fields.dataMeta.offset, this.#data, true)
  }
}

/** The helpers of TC programs that only need the packet. */
export function skbHelpers(skb: () => Skb): VmFunctions {
  const redirect = (how: Redirect['how'], ifindex: number, flags: bigint): number => {
    skb().redirect = { how, ifindex, flags }
    return redirectVerdict
  }
  return {
    bpf_skb_pull_data: (call) => (skb().pull(call.u32(1)) ? 0 : -errno.ENOMEM),
    bpf_skb_load_bytes: (call) => {
      const [offset, length] = [call.u32(1), call.u32(3)]
      const to = call.writable(2, length)
      const { packet } = skb()
      if (offset + length > packet.byteLength) {
        to.fill(0)
        return -errno.EFAULT
      }
      to.set(packet.subarray(offset, offset + length))
      return 0
    },
    bpf_skb_store_bytes: (call) => {
      const [offset, length] = [call.u32(1), call.u32(3)]
      const from = call.bytes(2, length)
      const { packet } = skb()
      if (offset + length > packet.byteLength) return -errno.EFAULT
      packet.set(from, offset)
      return skb().pull(0) ? 0 : -errno.ENOMEM
    },
    bpf_l3_csum_replace: (call) => replaceChecksum(skb(), call, { keepZero: false }),
    bpf_l4_csum_replace: (call) => replaceChecksum(skb(), call, { keepZero: (call.u32(4) & 0x20) !== 0 }),
    bpf_redirect: (call: Call) => redirect('redirect', call.u32(0), call.u64(1)),
    bpf_redirect_peer: (call: Call) => redirect('redirect_peer', call.u32(0), call.u64(1)),
    bpf_redirect_neigh: (call: Call) => redirect('redirect_neigh', call.u32(0), call.u64(3)),
  }
}

/**
 * `bpf_l3_csum_replace` and `bpf_l4_csum_replace`, on packets whose checksum nobody is going to finish: the size of the
 * field among the flags, or a difference instead of the new value.
 */
function replaceChecksum(skb: Skb, call: Call, { keepZero }: { readonly keepZero: boolean }): number {
  const [offset, size] = [call.u32(1), call.u32(4) & 0xf]
  if (offset + 2 > skb.packet.byteLength) return -errno.EFAULT
  if (![0, 2, 4].includes(size) || (size === 0 && call.u64(2) !== 0n)) return -errno.EINVAL
  const view = new DataView(skb.packet.buffer, skb.packet.byteOffset)
  const old = view.getUint16(offset, true)
  if (!skb.pull(0)) return -errno.ENOMEM
  if (keepZero && old === 0) return 0
  const ones = size === 2 ? 0xffff : 0xffff_ffff
  let sum = (old ^ 0xffff) + (size === 0 ? 0 : (call.u32(2) ^ ones) >>> 0) + call.u32(3)
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  view.setUint16(offset, keepZero && sum === 0xffff ? 0xffff : sum ^ 0xffff, true)
  return 0
}

const zeroes = SkBuff.decode(new Uint8Array(SkBuff.size))
