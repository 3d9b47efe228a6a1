import type { Value } from '../../ir/graph.ts'
import type { Fields, StructType } from '../../layout/struct.ts'
import { sizeOf } from '../../layout/struct.ts'
import { ArpHeader, ETH_P_ARP, EthernetHeader } from '../../packet/ethernet.ts'
import { Ipv4Header } from '../../packet/ipv4.ts'
import { Ipv6Header } from '../../packet/ipv6.ts'
import type { ProgramBuilder } from '../builder.ts'
import type { Otherwise, Scope } from '../core/emitter.ts'
import { Int } from '../core/values.ts'
import { checkHelper } from '../helper/check-helper.ts'
import { helpers } from '../helper/helpers.ts'
import { addressOf, type Located, type Location, location, type Space } from '../memory/location.ts'
import { type Ref, type RefOf, refAt, structRef } from '../memory/reference.ts'
import { ETH_P_IP, ETH_P_IPV6 } from '../program/context.ts'
import { contextParts, type PacketContext } from '../program/context-ref.ts'
import type { ChecksumChange } from './checksum-change.ts'
import { type EthernetLayer, type Ipv4Layer, type Ipv6Layer, Layers } from './layers.ts'
import { type Distance, type PacketMemory, packetMemory } from './packet-memory.ts'

/** A number of bytes; a variable one must have a small upper bound that the verifier can see (mask it). */
export type ByteCount = number | Int<'u32'> | Int<'u16'> | Int<'u8'>

/** What to do with packets that are not what is asked for, or too short. */
export interface OtherwiseOptions {
  readonly otherwise: Otherwise
}

/** Where a header begins. */
export interface HeaderOptions extends OtherwiseOptions {
  /** Bytes from the start of the packet. */
  readonly at: ByteCount
  /**
   * Whether a packet that is kept in pieces is pulled together (`bpf_skb_pull_data`) to make the header readable, where
   * programs of this type can. By default the header counts as not there.
   */
  readonly pull?: boolean
  /**
   * `false`: the header is not used any more after more of the packet is pulled together, so that its bounds need not
   * be proven again then.
   */
  readonly keep?: boolean
}

/** Where a network header begins, if not behind an Ethernet header that announces it. */
export interface NetworkOptions extends OtherwiseOptions {
  /** Bytes from the start of the packet. What announces the header is then the caller's to check. */
  readonly at?: ByteCount
}

/** A checksum to update. */
export interface ChecksumOptions extends OtherwiseOptions {
  readonly at: ByteCount
  readonly change: ChecksumChange
}

/** A checksum of TCP, UDP or ICMP to update. */
export interface L4ChecksumOptions extends ChecksumOptions {
  /** Whether what changes is part of the pseudo header: addresses, protocol, length. */
  readonly pseudoHeader?: boolean
  /** As in UDP: 0 stays 0, and a checksum that comes out as 0 is written as 0xffff. */
  readonly zeroMeansNone?: boolean
  /**
   * Whether the pseudo header is that of IPv6. With it the checksum that some network cards give for the whole packet
   * (CHECKSUM_COMPLETE) stays right, too; without it the kernel computes it anew, and complains once. Kernels that do not
   * know the flag (before 6.16 and the stable releases of that time) answer with an error: `otherwise` runs.
   */
  readonly ipv6?: boolean
}

/** `BPF_F_*` of `bpf_l4_csum_replace` (include/uapi/linux/bpf.h). */
const checksumFlags = { pseudoHeader: 0x10n, zeroMeansNone: 0x20n, ipv6: 0x80n } as const

/**
 * The bytes of the packet that a program handles. Headers are references: reading a field is a load from the packet,
 * `b.assign` writes to it. They stay valid when more of the packet is pulled together; what else moves it
 * (`storeBytes`, helpers that make room) ends their life.
 */
export class Packet {
  readonly #b: ProgramBuilder
  readonly #memory: PacketMemory
  readonly #scope: Scope

  /** Made by `b.packet`. */
  constructor(b: ProgramBuilder, context: PacketContext) {
    const { type, pointer } = contextParts(context)
    this.#b = b
    this.#scope = b.emitter.scope
    this.#memory = packetMemory(b.emitter, pointer, type.layout, type.packet)
  }

  /**
   * Makes the first `bytes` bytes of the packet readable. A packet is often kept in several pieces of memory of which
   * only the first can be read directly; if that is too short, `bpf_skb_pull_data` makes it long enough. `otherwise`
   * is for packets that are shorter.
   *
   * Programs that have no such helper (XDP, cgroup) get no more than a check: what is not in the first piece counts as
   * not there.
   */
  require(bytes: ByteCount, options: OtherwiseOptions): void {
    this.#check()
    this.#memory.require(distance(bytes), options.otherwise)
  }

  /** A header at a byte offset from the start of the packet, after proving that all of it is there. */
  header<F extends Fields>(type: StructType<F>, options: HeaderOptions): Ref<F, 'packet'> {
    this.#check()
    return refAt(this.#reach(type as unknown as StructType, options))
  }

  /**
   * The Ethernet header, and the VLAN tags behind it, up to `tags` of them (none by default). In TC programs the
   * outermost tag is not in the packet but in the context (`skb.vlanTci`).
   */
  ethernet(options: OtherwiseOptions & { readonly tags?: number }): EthernetLayer {
    this.#check()
    return this.#layers(options.otherwise).ethernet(options.tags ?? 0)
  }

  /** The IPv4 header, its bounds, type, version and length proven; what is behind it is found from there. */
  ipv4(options: NetworkOptions): Ipv4Layer {
    const { header, at } = this.#network(Ipv4Header, ETH_P_IP, options)
    return this.#layers(options.otherwise).ipv4(header, at)
  }

  /**
   * The IPv6 header; what is behind it is found from there, past up to `extensions` extension headers (6 by default).
   */
  ipv6(options: NetworkOptions & { readonly extensions?: number }): Ipv6Layer {
    const { header, at } = this.#network(Ipv6Header, ETH_P_IPV6, options)
    return this.#layers(options.otherwise).ipv6(header, at, options.extensions ?? 6)
  }

  /** The ARP header for IPv4 over Ethernet. */
  arp(options: NetworkOptions): RefOf<typeof ArpHeader, 'packet'> {
    return refAt(this.#network(ArpHeader, ETH_P_ARP, options).header)
  }

  /**
   * A copy of bytes of the packet on the stack, wherever in memory the packet keeps them: `bpf_skb_load_bytes`, or
   * `bpf_xdp_load_bytes` (Linux 5.18) in XDP programs. `otherwise` is for packets that end before.
   */
  loadBytes<F extends Fields>(
    type: StructType<F>,
    options: OtherwiseOptions & { readonly at: ByteCount },
  ): Ref<F, 'frame'> {
    this.#check()
    const { emitter } = this.#b
    const name = this.#isXdp ? 'xdp_load_bytes' : 'skb_load_bytes'
    checkHelper(emitter, name)
    const object = emitter.frameObject(type.name, type.size, 8)
    const pointer = emitter.emit({ kind: 'frame', object }, 'ptr')
    const size = emitter.constant(BigInt(type.size), 'i32')
    const args = [this.#memory.context, this.#offset(options.at), pointer, size]
    const result = emitter.call(helpers[name], 'i64', args)
    emitter.orElse('eq', result, emitter.constant(0n, 'i64'), options.otherwise)
    return structRef(emitter, type, pointer, 'frame', type.name)
  }

  /**
   * Writes memory into the packet, wherever in memory the packet keeps those bytes: `bpf_skb_store_bytes`, which ends
   * the life of references into the packet, or `bpf_xdp_store_bytes` (Linux 5.18) in XDP programs. `otherwise` is for
   * packets that end before.
   *
   * @param options.recompute keeps the checksum of whole packets that a network card has given (`CHECKSUM_COMPLETE`)
   *   right (BPF_F_RECOMPUTE_CSUM); only where no checksum field is adapted for the change
   */
  storeBytes(
    from: Located<Space>,
    options: OtherwiseOptions & { readonly at: ByteCount; readonly recompute?: boolean },
  ): void {
    this.#check()
    const { emitter } = this.#b
    const name = this.#isXdp ? 'xdp_store_bytes' : 'skb_store_bytes'
    checkHelper(emitter, name)
    const size = emitter.constant(BigInt(sizeOf(from[location].type)), 'i32')
    const args = [this.#memory.context, this.#offset(options.at), addressOf(from), size]
    if (!this.#isXdp) args.push(emitter.constant(options.recompute === true ? 1n : 0n, 'i64'))
    const result = emitter.call(helpers[name], 'i64', args)
    if (!this.#isXdp) emitter.movePacket()
    emitter.orElse('eq', result, emitter.constant(0n, 'i64'), options.otherwise)
  }

  /**
   * Updates the checksum of an IPv4 header for a change that was or will be made to the header:
   * `bpf_l3_csum_replace`, which ends the life of references into the packet. `otherwise` is for shorter packets.
   *
   * @param options.at where the checksum field is, in bytes from the start of the packet
   */
  updateIpChecksum(options: ChecksumOptions): void {
    this.#replaceChecksum('l3_csum_replace', options, 0n)
  }

  /**
   * Updates the checksum of TCP, UDP or ICMP for a change: `bpf_l4_csum_replace`, which ends the life of references
   * into the packet. It is right whoever finishes the checksum, the network card of this or another machine
   * (CHECKSUM_PARTIAL), or nobody; changes of the pseudo header and other changes need a call each.
   *
   * @param options.at where the checksum field is, in bytes from the start of the packet
   */
  updateL4Checksum(options: L4ChecksumOptions): void {
    const flags =
      (options.pseudoHeader === true ? checksumFlags.pseudoHeader : 0n) |
      (options.zeroMeansNone === true ? checksumFlags.zeroMeansNone : 0n) |
      (options.ipv6 === true ? checksumFlags.ipv6 : 0n)
    this.#replaceChecksum('l4_csum_replace', options, flags)
  }

  #replaceChecksum(
    name: 'l3_csum_replace' | 'l4_csum_replace',
    { at, change, otherwise }: ChecksumOptions,
    flags: bigint,
  ): void {
    this.#check()
    const { emitter } = this.#b
    checkHelper(emitter, name)
    // No size of a field among the flags: the new value is a difference, the old one 0.
    const [nothing, flagged] = [emitter.constant(0n, 'i64'), emitter.constant(flags, 'i64')]
    const difference = change.difference.toU64().ir
    const args = [this.#memory.context, this.#offset(at), nothing, difference, flagged]
    const result = emitter.call(helpers[name], 'i64', args)
    emitter.movePacket()
    emitter.orElse('eq', result, nothing, otherwise)
  }

  get #isXdp(): boolean {
    return this.#memory.layout.name === 'xdp_md'
  }

  #network(
    type: StructType,
    ethertype: number,
    options: NetworkOptions,
  ): { readonly header: Location<'packet'>; readonly at: ByteCount } {
    this.#check()
    const at = options.at ?? EthernetHeader.size
    const header = this.#reach(type, { ...options, at, pull: true })
    if (options.at === undefined) this.#layers(options.otherwise).checkType(header, ethertype)
    return { header, at }
  }

  #layers(otherwise: Otherwise): Layers {
    return new Layers(this.#b, otherwise, (type, at, elseDo) =>
      this.#reach(type, { at, otherwise: elseDo, pull: true }),
    )
  }

  #reach(type: StructType, { at, otherwise, pull = false, keep = true }: HeaderOptions): Location<'packet'> {
    return this.#memory.reach(distance(at), type.size, otherwise, { pull, keep }, { type, what: type.name })
  }

  #offset(at: ByteCount): Value {
    return at instanceof Int ? at.ir : this.#b.emitter.constant(BigInt(at), 'i32')
  }

  #check(): void {
    const { emitter } = this.#b
    emitter.checkScope(this.#scope, 'the packet')
    emitter.checkReachable('statement')
  }
}

function distance(bytes: ByteCount): Distance {
  return bytes instanceof Int
    ? { computed: (bytes as Int<'u32'>).toU64().ir, known: 0 }
    : { computed: undefined, known: bytes }
}
