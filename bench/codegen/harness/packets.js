// Packets to try programs with.

const ipHeader = 20

/** An Ethernet frame with what follows. */
export function ethernet(type, payload) {
  return concat([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >> 8, type & 0xff], payload)
}

/** An IPv4 packet in Ethernet; `options` are padded to whole words. The header's checksum is right. */
export function ipv4(
  protocol,
  payload,
  { source = 0x0a000001, destination = 0x0a000002, tos = 0, fragment = 0x4000, options = [], ihl } = {},
) {
  const words = Math.ceil(options.length / 4)
  const header = new Uint8Array(ipHeader + words * 4)
  const view = new DataView(header.buffer)
  header[0] = 0x40 | (ihl ?? 5 + words)
  header[1] = tos
  view.setUint16(2, header.length + payload.length)
  view.setUint16(4, 0x1234)
  view.setUint16(6, fragment)
  header[8] = 64
  header[9] = protocol
  view.setUint32(12, source)
  view.setUint32(16, destination)
  header.set(options, ipHeader)
  view.setUint16(10, checksum(header))
  return ethernet(0x0800, concat(header, payload))
}

/** An IPv6 packet in Ethernet. Addresses are eight 16-bit groups. */
export function ipv6(
  nextHeader,
  payload,
  { source = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], destination = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2] } = {},
) {
  const header = new Uint8Array(40)
  const view = new DataView(header.buffer)
  header[0] = 0x60
  view.setUint16(4, payload.length)
  header[6] = nextHeader
  header[7] = 64
  for (const [i, group] of source.entries()) view.setUint16(8 + i * 2, group)
  for (const [i, group] of destination.entries()) view.setUint16(24 + i * 2, group)
  return ethernet(0x86dd, concat(header, payload))
}

/** A TCP segment without options. Its checksum is not computed. */
export function tcp({ source = 40_000, destination = 80, flags = 0x10, payload = [] } = {}) {
  const header = new Uint8Array(20)
  const view = new DataView(header.buffer)
  view.setUint16(0, source)
  view.setUint16(2, destination)
  view.setUint32(4, 0x01020304)
  header[12] = 0x50
  header[13] = flags
  view.setUint16(14, 64_240)
  view.setUint16(16, 0xbeef)
  return concat(header, payload)
}

/** A UDP datagram. Its checksum is not computed. */
export function udp({ source = 40_000, destination = 53, payload = [] } = {}) {
  const header = new Uint8Array(8)
  const view = new DataView(header.buffer)
  view.setUint16(0, source)
  view.setUint16(2, destination)
  view.setUint16(4, 8 + payload.length)
  view.setUint16(6, 0xbeef)
  return concat(header, payload)
}

/** Bytes one after the other. */
export function concat(...parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** The bytes of an ASCII text. */
export function text(string) {
  return new TextEncoder().encode(string)
}

function checksum(bytes) {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}
