import { u8, u32, u64 } from '../../layout/scalar.ts'
import type { StructType } from '../../layout/struct.ts'
import { Ipv6Fragment, Ipv6Header, ipv6Extensions } from '../../packet/ipv6.ts'
import type { ProgramBuilder } from '../builder.ts'
import type { Condition } from '../core/condition.ts'
import { Int, literal } from '../core/values.ts'
import type { Location } from '../memory/location.ts'
import { type RefOf, refAt } from '../memory/reference.ts'
import type { ByteCount } from './packet.ts'

/** Numbers below 64 of extension headers, as bits. */
const lowExtensions = Object.values(ipv6Extensions)
  .filter((number) => number < 64)
  .reduce((all, number) => all | (1n << BigInt(number)), 0n)
const highExtensions = Object.values(ipv6Extensions).filter((number) => number >= 64)

/** What is behind the extension headers. */
export interface WalkedExtensions {
  readonly transport: Int<'u8'>
  readonly end: Int<'u32'>
  /** Whether the packet is no fragment, or the first one. */
  readonly isFirst: Condition
}

/**
 * Walks past IPv6 extension headers, at most `limit` of them: if there are more, the transport is the number of the
 * next. All begin with the next header's number and their length (RFC 6564), which is in units of 8 bytes besides the
 * first 8; but the fragment header has always 8 bytes, and the authentication header counts in units of 4 bytes besides
 * the first 8 (RFC 4302 section 2.2). Behind a later fragment's header is no further header, but data.
 */
export function walkExtensions(
  b: ProgramBuilder,
  reach: (type: StructType, at: ByteCount) => Location<'packet'>,
  first: Int<'u8'>,
  begin: ByteCount,
  limit: number,
): WalkedExtensions {
  const start =
    typeof begin === 'number' ? begin + Ipv6Header.size : (begin as Int<'u32'>).toU32().add(Ipv6Header.size)
  const next = b.variable(u8, first)
  const end = b.variable(u32, start)
  const later = b.variable(u32, 0)
  const step = (leave: () => void): void => {
    const kind = next.get()
    b.if(isExtension(b, kind).not(), leave)
    const extension = refAt(reach(Ipv6Fragment as unknown as StructType, end.get())) as unknown as RefOf<
      typeof Ipv6Fragment,
      'packet'
    >
    const length = extension.reserved.toU32()
    const size = b.variable(u32, length.add(1).shl(3))
    b.if(kind.eq(ipv6Extensions.authentication), () => size.set(length.add(2).shl(2)))
    b.if(kind.eq(ipv6Extensions.fragment), () => {
      size.set(Ipv6Fragment.size)
      later.set(extension.fragment.offset.toU32())
    })
    next.set(extension.nextHeader)
    end.set(end.get().add(size.get()))
    b.if(later.get().ne(0), leave)
  }
  if (limit > 0) b.for(limit, () => step(() => b.break()))
  return { transport: next.get(), end: end.get(), isFirst: later.get().eq(0) }
}

function isExtension(b: ProgramBuilder, kind: Int<'u8'>): Condition {
  const { emitter } = b
  const bits = new Int(emitter, u64, literal(emitter, lowExtensions, u64))
  const low = kind.lt(64).and(bits.shr(kind.and(63)).has(1))
  return highExtensions.reduce((condition, number) => condition.or(kind.eq(number)), low)
}
