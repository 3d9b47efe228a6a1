import { XdpMd } from '../dsl/program/xdp.ts'
import type { ValueOf } from '../layout/struct.ts'
import type { VmFunctions } from './call.ts'
import { errno } from './map/map.ts'
import type { Memory } from './memory.ts'
import type { Redirect } from './skb.ts'

/** XDP_PACKET_HEADROOM (include/linux/bpf.h): the room in front of a packet. */
const headroom = 256
/** Room behind a packet, for `bpf_xdp_adjust_tail`; drivers differ. */
const tailroom = 256
/** XDP_REDIRECT (include/uapi/linux/bpf.h), what the redirect helper returns. */
const redirectVerdict = 4
/** ETH_HLEN: no packet becomes shorter than its link header. */
const shortest = 14

/** A packet with its `struct xdp_md`, in the memory of one run. */
export class XdpBuffer {
  readonly context: Uint8Array
  redirect: Redirect | undefined
  readonly #memory: Memory
  readonly #bytes: Uint8Array
  #start = headroom
  #end: number
  #data = 0

  constructor(memory: Memory, packet: Uint8Array, fields: Partial<ValueOf<typeof XdpMd>>) {
    this.#memory = memory
    this.#bytes = new Uint8Array(headroom + packet.byteLength + tailroom)
    this.#bytes.set(packet, headroom)
    this.#end = headroom + packet.byteLength
    this.context = XdpMd.encode({ ...zeroes, ...fields })
  }

  /** The whole packet, live. */
  get packet(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** Maps context and packet into the memory. @returns the context's address */
  map(): number {
    const address = this.#memory.map('the context', this.context)
    this.#mapPacket()
    return address
  }

  /** Moves the packet's ends. It moves in memory: pointers to it dangle. @returns whether there is room for it */
  adjust(head: number, tail: number): boolean {
    const [start, end] = [this.#start + head, this.#end + tail]
    if (start < 0 || end > this.#bytes.byteLength || end - start < shortest) return false
    if (tail > 0) this.#bytes.fill(0, this.#end, end)
    this.#start = start
    this.#end = end
    this.#memory.unmap(this.#data)
    this.#mapPacket()
    return true
  }

  #mapPacket(): void {
    this.#data = this.#memory.map('the packet', this.packet)
    const view = new DataView(this.context.buffer)
    view.setUint32(XdpMd.fields.data.offset, this.#data, true)
    view.setUint32(XdpMd.fields.dataEnd.offset, this.#data + this.packet.byteLength, true)
    view.setUint32(XdpMd.fields.dataMeta.offset, this.#data, true)
  }
}

/** The helpers of XDP programs that only need the packet. */
export function xdpHelpers(buffer: () => XdpBuffer): VmFunctions {
  const part = (offset: number, length: number): Uint8Array | undefined => {
    const { packet } = buffer()
    return offset + length > packet.byteLength ? undefined : packet.subarray(offset, offset + length)
  }
  return {
    bpf_xdp_adjust_head: (call) => (buffer().adjust(call.s32(1), 0) ? 0 : -errno.EINVAL),
    bpf_xdp_adjust_tail: (call) => (buffer().adjust(0, call.s32(1)) ? 0 : -errno.EINVAL),
    bpf_xdp_get_buff_len: () => buffer().packet.byteLength,
    bpf_xdp_load_bytes: (call) => {
      const from = part(call.u32(1), call.u32(3))
      if (from === undefined) return -errno.EINVAL
      call.writable(2, from.byteLength).set(from)
      return 0
    },
    bpf_xdp_store_bytes: (call) => {
      const to = part(call.u32(1), call.u32(3))
      if (to === undefined) return -errno.EINVAL
      to.set(call.bytes(2, to.byteLength))
      return 0
    },
    bpf_redirect: (call) => {
      buffer().redirect = { how: 'redirect', ifindex: call.u32(0), flags: call.u64(1) }
      return redirectVerdict
    },
  }
}

const zeroes = XdpMd.decode(new Uint8Array(XdpMd.size))
