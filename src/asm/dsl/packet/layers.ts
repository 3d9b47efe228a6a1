import type { Variable } from '../../ir/ssa-builder.ts'
import { be16, u32 } from '../../layout/scalar.ts'
import type { StructType } from '../../layout/struct.ts'
import {
  ArpHeader,
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_ARP,
  EthernetHeader,
  VlanTag,
} from '../../packet/ethernet.ts'
import { IcmpHeader, Icmpv6Header } from '../../packet/icmp.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, Ipv4Header } from '../../packet/ipv4.ts'
import { Ipv6Header } from '../../packet/ipv6.ts'
import { PortPair, TcpHeader, UdpHeader } from '../../packet/transport.ts'
import type { ProgramBuilder } from '../builder.ts'
import type { Condition } from '../core/condition.ts'
import type { Otherwise } from '../core/emitter.ts'
import { type Int, Net } from '../core/values.ts'
import { derive, type Location } from '../memory/location.ts'
import { type RefOf, refAt } from '../memory/reference.ts'
import { ETH_P_IP, ETH_P_IPV6 } from '../program/context.ts'
import { walkExtensions } from './extension-headers.ts'
import type { ByteCount } from './packet.ts'

/** Overrides what was said for the layer below. */
export interface LayerOptions {
  readonly otherwise?: Otherwise
}

/** What is behind a network header. Later fragments have nothing of it: they go to `otherwise`. */
export interface Transports {
  /** The transport's protocol number, `IPPROTO_*`. */
  readonly transport: Int<'u8'>
  /** Where the transport header begins, in bytes from the start of the packet. */
  readonly end: Int<'u32'>
  /** The ports of a TCP or UDP packet; other packets go to the `otherwise` of this layer. */
  readonly l4: RefOf<typeof PortPair, 'packet'>
  tcp(options?: LayerOptions): RefOf<typeof TcpHeader, 'packet'>
  udp(options?: LayerOptions): RefOf<typeof UdpHeader, 'packet'>
}

/** An IPv4 header, and what is behind it. */
export type Ipv4Layer = RefOf<typeof Ipv4Header, 'packet'> &
  Transports & { icmp(options?: LayerOptions): RefOf<typeof IcmpHeader, 'packet'> }

/** An IPv6 header, and what is behind it. */
export type Ipv6Layer = RefOf<typeof Ipv6Header, 'packet'> &
  Transports & { icmpv6(options?: LayerOptions): RefOf<typeof Icmpv6Header, 'packet'> }

/** An Ethernet header, and what is behind it and its VLAN tags. */
export type EthernetLayer = RefOf<typeof EthernetHeader, 'packet'> & {
  /** The ethertype behind the VLAN tags. */
  readonly payloadType: Net<'be16'>
  /** Where that begins, in bytes from the start of the packet. */
  readonly end: ByteCount
  /** Id of the innermost VLAN tag in the packet; 0 without any. */
  readonly vlan: Int<'u32'>
  ipv4(options?: LayerOptions): Ipv4Layer
  ipv6(options?: LayerOptions & { readonly extensions?: number }): Ipv6Layer
  arp(options?: LayerOptions): RefOf<typeof ArpHeader, 'packet'>
}

/** Finds a header in the packet. */
export type Reach = (type: StructType, at: ByteCount, otherwise: Otherwise) => Location<'packet'>

/** How one header leads to the next. */
export class Layers {
  readonly #b: ProgramBuilder
  readonly #otherwise: Otherwise
  readonly #reach: Reach

  constructor(b: ProgramBuilder, otherwise: Otherwise, reach: Reach) {
    this.#b = b
    this.#otherwise = otherwise
    this.#reach = reach
  }

  /** Checks the ethertype in front of a header that was reached at 14 bytes. */
  checkType(header: Location<'packet'>, ethertype: number): void {
    const ethernet = derive(header, { offset: 0, type: plain(EthernetHeader), what: EthernetHeader.name })
    const { type } = refAt(ethernet) as unknown as RefOf<typeof EthernetHeader, 'packet'>
    this.#demand(type.eq(ethertype), this.#otherwise)
  }

  ethernet(tags: number): EthernetLayer {
    const b = this.#b
    const header = this.#reach(plain(EthernetHeader), 0, this.#otherwise)
    const ref = refAt(header) as unknown as RefOf<typeof EthernetHeader, 'packet'>
    const { ssa } = b.emitter
    const type: Variable = { name: 'ethertype', type: 'i32' }
    ssa.write(type, ref.type.ir)
    const end = b.variable(u32, EthernetHeader.size)
    const vlan = b.variable(u32, 0)
    const current = (): Net<'be16'> => new Net(b.emitter, be16, ssa.read(type))
    for (let i = 0; i < tags; i++)
      b.if(current().eq(ETH_P_8021Q).or(current().eq(ETH_P_8021AD)), () => {
        const at = this.#reach(plain(VlanTag), end.get(), this.#otherwise)
        const tag = refAt(at) as unknown as RefOf<typeof VlanTag, 'packet'>
        vlan.set(tag.control.id.toU32())
        ssa.write(type, tag.type.ir)
        end.set(end.get().add(VlanTag.size))
      })
    const payloadType = current()
    const behind: ByteCount = tags === 0 ? EthernetHeader.size : end.get()
    const next = (type: StructType, ethertype: number, options?: LayerOptions): Location<'packet'> => {
      const otherwise = options?.otherwise ?? this.#otherwise
      this.#demand(payloadType.eq(ethertype), otherwise)
      return this.#reach(type, behind, otherwise)
    }
    return extend<EthernetLayer>(ref, {
      payloadType,
      end: behind,
      vlan: vlan.get(),
      ipv4: (options: LayerOptions) =>
        this.#with(options).ipv4(next(plain(Ipv4Header), ETH_P_IP, options), behind),
      ipv6: (options?: LayerOptions & { readonly extensions?: number }) =>
        this.#with(options).ipv6(
          next(plain(Ipv6Header), ETH_P_IPV6, options),
          behind,
          options?.extensions ?? 6,
        ),
      arp: (options: LayerOptions) => refAt(next(plain(ArpHeader), ETH_P_ARP, options)),
    })
  }

  ipv4(at: Location<'packet'>, begin: ByteCount): Ipv4Layer {
    const ref = refAt(at) as unknown as RefOf<typeof Ipv4Header, 'packet'>
    // Version 4 and at least 5 words, both at once: 0x45..0x4f.
    this.#demand(ref.versionAndLength.sub(0x45).le(0x0a), this.#otherwise)
    const end = ref.versionAndLength.words.shl(2).add(begin as number)
    const { transport, isFirst } = { transport: ref.protocol, isFirst: ref.fragment.offset.eq(0) }
    return extend<Ipv4Layer>(ref, this.#transports(transport, end, isFirst), {
      icmp: this.#header(IcmpHeader, transport, end, isFirst, IPPROTO_ICMP),
    })
  }

  ipv6(at: Location<'packet'>, begin: ByteCount, extensions: number): Ipv6Layer {
    const ref = refAt(at) as unknown as RefOf<typeof Ipv6Header, 'packet'>
    this.#demand(ref.start.version.eq(6), this.#otherwise)
    const walked = walkExtensions(
      this.#b,
      (type, place) => this.#reach(type, place, this.#otherwise),
      ref.nextHeader,
      begin,
      extensions,
    )
    const { transport, end, isFirst } = walked
    return extend<Ipv6Layer>(ref, this.#transports(transport, end, isFirst), {
      icmpv6: this.#header(Icmpv6Header, transport, end, isFirst, IPPROTO_ICMPV6),
    })
  }

  #transports(transport: Int<'u8'>, end: Int<'u32'>, isFirst: Condition): object {
    const ports = this.#header(PortPair, transport, end, isFirst, IPPROTO_TCP, IPPROTO_UDP)
    return Object.defineProperty(
      {
        transport,
        end,
        tcp: this.#header(TcpHeader, transport, end, isFirst, IPPROTO_TCP),
        udp: this.#header(UdpHeader, transport, end, isFirst, IPPROTO_UDP),
      },
      'l4',
      { enumerable: true, get: () => ports() },
    )
  }

  /** A transport header of certain protocols. */
  #header(
    type: { readonly name: string },
    transport: Int<'u8'>,
    end: Int<'u32'>,
    isFirst: Condition,
    protocol: number,
    other?: number,
  ): (options?: LayerOptions) => unknown {
    return (options) => {
      const otherwise = options?.otherwise ?? this.#otherwise
      const fits =
        other === undefined ? transport.eq(protocol) : transport.eq(protocol).or(transport.eq(other))
      this.#demand(fits.and(isFirst), otherwise)
      return refAt(this.#reach(type as unknown as StructType, end, otherwise))
    }
  }

  #with(options: LayerOptions | undefined): Layers {
    return options?.otherwise === undefined ? this : new Layers(this.#b, options.otherwise, this.#reach)
  }

  #demand(condition: Condition, otherwise: Otherwise): void {
    this.#b.require(condition, { otherwise })
  }
}

/** A header with what leads on from it; not enumerable, because it is no field. */
function extend<T>(ref: object, ...more: readonly object[]): T {
  for (const properties of more)
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(properties)))
      Object.defineProperty(ref, name, { ...property, enumerable: false })
  return ref as T
}

function plain(type: { readonly name: string }): StructType {
  return type as unknown as StructType
}
