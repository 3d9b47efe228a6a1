import { IPPROTO_TCP } from '../../../../src/asm/packet/ipv4.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { type SkbFields, TcMachine, type TcResult } from '../../../../src/asm/vm/run-tc.ts'
import { ingress } from '../../../../src/programs/load-balancer/datapath/ingress.ts'
import {
  AF_INET,
  backendStates,
  backendStats,
  backends,
  type CounterName,
  counterMap,
  counters,
  frontends,
  limits,
  rings,
  type Scheduler,
  schedulers,
  services,
} from '../../../../src/programs/load-balancer/datapath/maps.ts'
import { markPrefix } from '../../../../src/programs/load-balancer/datapath/mark.ts'
import { FakeConntrack, now } from './fake-conntrack.ts'
import { client, type PacketSpec, packetOf, servicePort, virtualAddress } from './packets.ts'

/** Index of the one service of these tests. */
export const service = 3

/** The flow of the packets that `packetOf` makes by default. */
export const flow = {
  source: client,
  sourcePort: 40000,
  destination: virtualAddress,
  destinationPort: servicePort,
  protocol: IPPROTO_TCP,
}

/** The mark of a connection to that backend. */
export function ours(backend: number): number {
  return (markPrefix | backend) >>> 0
}

const program = ingress()

/** The data path in the interpreter, with its maps and a connection table. */
export class Balancer {
  readonly conntrack = new FakeConntrack()
  readonly machine: TcMachine
  /** What `bpf_get_prandom_u32` gives. */
  random = 0

  /** @param linear bytes of each packet that are in its first piece of memory */
  constructor(spec: ProgramSpec = program, linear?: number) {
    this.machine = new TcMachine(spec, {
      // All of them, whichever this form of the program refers to.
      maps: new VmMaps(program.maps),
      kfuncs: this.conntrack.kfuncs,
      layout: this.conntrack.layout,
      random: () => this.random,
      now: () => BigInt(now) * 1_000_000n,
      ...(linear === undefined ? {} : { linear }),
    })
  }

  /** Makes the service answer, without saying how it chooses a backend. */
  addFrontend(protocol: number = IPPROTO_TCP): void {
    this.machine.maps
      .of(frontends)
      .set({ address: [virtualAddress, 0, 0, 0], port: servicePort, protocol, family: AF_INET }, { service })
  }

  /** A service with backends at 10.1.0.<index>:8000+<index>, and a ring of these indexes. */
  addService(scheduler: Scheduler, ring: readonly number[], protocol: number = IPPROTO_TCP): void {
    const { maps } = this.machine
    this.addFrontend(protocol)
    maps.of(services).set(
      { index: service },
      {
        inUse: 1,
        protocol,
        family: AF_INET,
        scheduler: schedulers[scheduler],
        port: servicePort,
        reserved: 0,
        address: [virtualAddress, 0, 0, 0],
        ifindex: 0,
      },
    )
    const elements = maps.putInner(rings, service, ring.length + 1)
    elements.set({ index: 0 }, { backend: ring.length })
    ring.forEach((backend, i) => {
      elements.set({ index: i + 1 }, { backend })
    })
    for (const index of ring) if (index < limits.backends) this.addBackend(index)
  }

  /** @param snat the source address that the backend sees; 0: the client's own */
  addBackend(index: number, snat = 0x0a0000fe): void {
    this.machine.maps.of(backends).set(
      { index },
      {
        address: [0x0a010000 + index, 0, 0, 0],
        snatAddress: [snat, 0, 0, 0],
        port: 8000 + index,
        family: AF_INET,
        state: backendStates.active,
        service,
        weight: 1,
      },
    )
  }

  /** Handles a packet. @throws {Error} when a connection was neither released nor inserted */
  send(spec: PacketSpec = {}, fields: Partial<SkbFields> = {}): TcResult {
    return this.sendBytes(packetOf(spec), fields)
  }

  sendBytes(packet: Uint8Array, fields: Partial<SkbFields> = {}): TcResult {
    const result = this.machine.run(packet, fields)
    const { held } = this.conntrack
    if (held > 0) throw new Error(`the program still holds ${held} connections`)
    return result
  }

  /** The counters that are not zero. */
  counters(): Record<string, number> {
    const map = this.machine.maps.of(counterMap)
    return Object.fromEntries(
      (Object.keys(counters) as CounterName[]).flatMap((name) => {
        const packets = Number(map.get({ index: counters[name] })?.packets)
        return packets === 0 ? [] : [[name, packets]]
      }),
    )
  }

  /** What was counted towards a backend. */
  traffic(backend: number): { connections: number; packets: number; bytes: number } {
    const {
      connections = 0n,
      packets = 0n,
      bytes = 0n,
    } = this.machine.maps.of(backendStats).get({ index: backend }) ?? {}
    return { connections: Number(connections), packets: Number(packets), bytes: Number(bytes) }
  }
}
