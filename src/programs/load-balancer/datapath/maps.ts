/**
 * The maps the data path and the control plane share. Everything that decides about a packet is here; the
 * connections themselves are in the kernel's conntrack table.
 */
import {
  array as arrayMap,
  arrayOfMaps,
  hash,
  innerMap,
  noPreallocation,
  perCpuArray,
} from '../../../asm/dsl/map/definition.ts'
import { be16, be32, u8, u16, u32, u64 } from '../../../asm/layout/scalar.ts'
import { array, struct } from '../../../asm/layout/struct.ts'

/** The address family of IPv4 (include/linux/socket.h). */
export const AF_INET = 2

/** Room for an IPv6 address; an IPv4 address is the first word, the others are zero. */
const address = array(be32, 4)

/** What a client connects to. */
export const FrontendKey = struct('lb_frontend_key', { address, port: be16, protocol: u8, family: u8 })
/** Which service answers there: an index into {@link services}. */
export const Frontend = struct('lb_frontend', { service: u32 })

/** How a service chooses a backend for a new connection. */
export const schedulers = { random: 0, 'round-robin': 1 } as const
/** A scheduler's name on the command line. */
export type Scheduler = keyof typeof schedulers

/** A balanced service. The data path reads `scheduler`; the rest is what the operator asked for. */
export const Service = struct('lb_service', {
  /** 0: this slot is free. */
  inUse: u8,
  protocol: u8,
  family: u8,
  scheduler: u8,
  port: be16,
  reserved: u16,
  /** All zero: every local address of the interface. */
  address,
  /** The interface whose addresses are meant, where `address` is zero. */
  ifindex: u32,
})

/** Counts up, to take turns among backends. */
export const Turn = struct('lb_turn', { next: u32 })

/** An element of a ring: a backend's index; in element 0, how many elements follow. */
export const RingElement = struct('lb_ring_element', { backend: u32 })

/** Where connections go. */
export const Backend = struct('lb_backend', {
  address,
  /** Source address the backend sees (full NAT); all zero: the client's own (DNAT only). */
  snatAddress: address,
  port: be16,
  family: u8,
  /** One of {@link backendStates}. */
  state: u8,
  service: u32,
  weight: u32,
})

/** A backend's state: a draining one keeps its connections and takes no new ones. */
export const backendStates = { free: 0, active: 1, draining: 2 } as const

/** Traffic from clients to one backend, counted on each CPU. */
export const BackendStats = struct('lb_backend_stats', { connections: u64, packets: u64, bytes: u64 })

/** One of {@link counters}, counted on each CPU. */
export const Counter = struct('lb_counter', { packets: u64 })

/** Sizes of the tables. */
export const limits = { frontends: 4096, services: 1024, backends: 4096 } as const

export const frontends = hash('lb_frontends', FrontendKey, Frontend, {
  maxEntries: limits.frontends,
  flags: noPreallocation,
})
export const services = arrayMap('lb_services', Service, { maxEntries: limits.services })
export const turns = arrayMap('lb_turns', Turn, { maxEntries: limits.services })
/** One ring per service; putting a new ring in place of the old one is one atomic step. */
export const rings = arrayOfMaps(
  'lb_rings',
  arrayMap('lb_ring', RingElement, { maxEntries: 1, flags: innerMap }),
  { maxEntries: limits.services },
)
export const backends = arrayMap('lb_backends', Backend, { maxEntries: limits.backends })
export const backendStats = perCpuArray('lb_stats', BackendStats, { maxEntries: limits.backends })

/** What the data path counts besides traffic: index into {@link counterMap}, and what it means. */
export const counters = {
  /** Packets of connections that were open before their port was balanced; left alone. */
  foreign: 0,
  /** Connections whose entry was finished, reopened by the client from the same port. */
  reopened: 1,
  /** Dropped: the kernel's connection table is full, or memory is short. */
  dropTableFull: 2,
  /** Dropped: no backend takes new connections. */
  dropNoBackend: 3,
  /** Dropped: no free source port towards the backend, or another CPU was faster three times in a row. */
  dropClash: 4,
  /** Dropped: the kernel refused the translation (`bpf_ct_set_nat_info`). */
  dropNatRefused: 5,
} as const

/** Names of {@link counters}. */
export type CounterName = keyof typeof counters

export const counterMap = perCpuArray('lb_counters', Counter, { maxEntries: Object.keys(counters).length })
