import { be16, be32, s32, u16, u32, u64 } from '../../layout/scalar.ts'
import { array, struct } from '../../layout/struct.ts'

/** `struct bpf_sock` (include/uapi/linux/bpf.h): a socket as the kernel shows it to programs. */
export const Socket = struct('bpf_sock', {
  /** Interface that the socket is bound to; 0 for none. */
  boundIfindex: u32,
  /** Address family: AF_INET (2), AF_INET6 (10). */
  family: u32,
  /** SOCK_STREAM (1), SOCK_DGRAM (2). */
  socketType: u32,
  protocol: u32,
  /** SO_MARK of the socket. */
  mark: u32,
  /** SO_PRIORITY of the socket. */
  priority: u32,
  /** The address it is bound to. */
  sourceIp4: be32,
  sourceIp6: array(be32, 4),
  /** The port it is bound to, in host order. */
  sourcePort: u32,
  /** The port it is connected to. */
  destinationPort: be16,
  destinationPortUnused: u16,
  /** The address it is connected to. */
  destinationIp4: be32,
  destinationIp6: array(be32, 4),
  /** BPF_TCP_ESTABLISHED (1), …, BPF_TCP_LISTEN (10). */
  state: u32,
  /** Queue of the network card that its packets come in by; -1 for none. Linux 5.8. */
  rxQueue: s32,
})

/** `struct bpf_tcp_sock` (include/uapi/linux/bpf.h): the state of a TCP connection. */
export const TcpSocket = struct('bpf_tcp_sock', {
  /** Congestion window, in segments. */
  sndCwnd: u32,
  /** Smoothed round trip time, in eighths of a microsecond. */
  srttUs: u32,
  /** Shortest round trip time, in microseconds. */
  rttMin: u32,
  /** Slow start threshold, in segments. */
  sndSsthresh: u32,
  /** The sequence number that is expected next. */
  rcvNxt: u32,
  /** The sequence number that is sent next. */
  sndNxt: u32,
  /** The first byte that is not acknowledged. */
  sndUna: u32,
  /** The effective MSS, without SACKs. */
  mssCache: u32,
  ecnFlags: u32,
  /** Packets delivered in the last sample of the rate, and what time that took. */
  rateDelivered: u32,
  rateIntervalUs: u32,
  /** Packets in flight. */
  packetsOut: u32,
  /** Packets in flight that were sent again. */
  retransOut: u32,
  totalRetrans: u32,
  segsIn: u32,
  dataSegsIn: u32,
  segsOut: u32,
  dataSegsOut: u32,
  lostOut: u32,
  sackedOut: u32,
  bytesReceived: u64,
  bytesAcked: u64,
  dsackDups: u32,
  delivered: u32,
  deliveredCe: u32,
  /** Times the timer for sending again has run out. */
  icskRetransmits: u32,
})

/** IPv4 tuple of `struct bpf_sock_tuple` (include/uapi/linux/bpf.h): what a packet to the socket carries. */
export const SocketTuple4 = struct('bpf_sock_tuple4', {
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
})

/** IPv6 tuple of `struct bpf_sock_tuple`. */
export const SocketTuple6 = struct('bpf_sock_tuple6', {
  source: array(be32, 4),
  destination: array(be32, 4),
  sourcePort: be16,
  destinationPort: be16,
})

/** BPF_F_CURRENT_NETNS (include/uapi/linux/bpf.h): the packet's own network namespace. */
export const BPF_F_CURRENT_NETNS = -1
