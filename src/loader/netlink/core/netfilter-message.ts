import { Attributes, viewOf } from './attributes.ts'
import { NetlinkDecodeError } from './errors.ts'
import type { NetlinkMessage } from './message.ts'

/** NFNL_SUBSYS_* (include/uapi/linux/netfilter/nfnetlink.h): the upper byte of a netfilter message's type. */
export const netfilterSubsystems = { conntrack: 1, nftables: 10 } as const

/** Which part of netfilter a message is for. */
export type NetfilterSubsystem = keyof typeof netfilterSubsystems

/** NFNLGRP_* (include/uapi/linux/netfilter/nfnetlink.h): multicast groups, for `NetlinkSocket.subscribe`. */
export const netfilterGroups = {
  conntrackNew: 1,
  conntrackUpdate: 2,
  conntrackDestroy: 3,
  nftables: 7,
} as const

/** sizeof(struct nfgenmsg) (include/uapi/linux/netfilter/nfnetlink.h). */
const headerSize = 4

/** The type of message `operation` (0–255) of a subsystem. */
export function netfilterType(subsystem: NetfilterSubsystem, operation: number): number {
  return (netfilterSubsystems[subsystem] << 8) | operation
}

/** Encodes `struct nfgenmsg`: address family (NFPROTO_*), version 0 and a resource id. */
export function netfilterHeader(family: number, resource = 0): Uint8Array {
  return Uint8Array.of(family, 0, resource >> 8, resource & 0xff)
}

/** Splits a netfilter message's payload. @throws {NetlinkDecodeError} when it is malformed. */
export function decodeNetfilter({ payload }: NetlinkMessage): { family: number; attributes: Attributes } {
  if (payload.byteLength < headerSize)
    throw new NetlinkDecodeError(
      `a netfilter message has ${payload.byteLength} bytes, expected ${headerSize}`,
    )
  return { family: viewOf(payload).getUint8(0), attributes: Attributes.parse(payload, headerSize) }
}
