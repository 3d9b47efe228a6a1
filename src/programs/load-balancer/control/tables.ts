import { existsSync } from 'node:fs'
import { hash } from '../../../asm/dsl/map/definition.ts'
import type { Codec } from '../../../asm/layout/codec.ts'
import { s32, u8, u32 } from '../../../asm/layout/scalar.ts'
import { codecOf, type Fields, type StructType, struct, type ValueOf } from '../../../asm/layout/struct.ts'
import type { MapSpec } from '../../../asm/program.ts'
import { makePinDirectory, unpin } from '../../../loader/bpf/bpffs.ts'
import { BpfMap } from '../../../loader/bpf/map.ts'
import { createMapWithTypes } from '../../../loader/bpf/map-with-types.ts'
import { perCpu } from '../../../loader/bpf/per-cpu-codec.ts'
import * as maps from '../datapath/maps.ts'
import { NotFoundError } from './errors.ts'
import type { Rollback } from './rollback.ts'
import { mapPin } from './state-directory.ts'

/** How the program is attached to an interface. */
export const attachModes = { tcx: 1, clsact: 2 } as const
/** A way of attaching, by name. */
export type AttachMode = keyof typeof attachModes

/** An interface the balancer is up on; kept for later commands, the program does not read it. */
export const Interface = struct('lb_interface', {
  mode: u8,
  /** 1: the clsact qdisc was made by us and goes with us. */
  ownsQdisc: u8,
  linkHeader: u8,
  /** Which translation the program was built for and why: a number of `translations`. */
  translation: u8,
})
const InterfaceKey = struct('lb_interface_key', { ifindex: u32 })

/** A `net.ipv4.conf.<interface>.forwarding` as it was before we set it. */
export const Forwarding = struct('lb_forwarding', { previous: s32 })

/** Not read by the program: what `down` needs to restore the machine. */
const interfaces = hash('lb_interfaces', InterfaceKey, Interface, { maxEntries: 256 })
const forwarding = hash('lb_forwarding', InterfaceKey, Forwarding, { maxEntries: 1024 })

type Value<S> = S extends StructType<infer F extends Fields> ? ValueOf<StructType<F>> : never

/** All maps of a balancer, open. */
export interface Tables {
  readonly frontends: BpfMap<Value<typeof maps.FrontendKey>, Value<typeof maps.Frontend>>
  readonly services: BpfMap<number, Value<typeof maps.Service>>
  readonly turns: BpfMap<number, Value<typeof maps.Turn>>
  /** The value read is the id of the ring; write with `setObject`. */
  readonly rings: BpfMap<number, number>
  readonly backends: BpfMap<number, Value<typeof maps.Backend>>
  readonly stats: BpfMap<number, readonly Value<typeof maps.BackendStats>[]>
  readonly counters: BpfMap<number, readonly Value<typeof maps.Counter>[]>
  readonly interfaces: BpfMap<number, Value<typeof Interface>>
  readonly forwarding: BpfMap<number, Value<typeof Forwarding>>
  /** The maps that the program refers to, by name. */
  readonly byName: ReadonlyMap<string, BpfMap<never, never>>
  close(): void
}

type OpenMap = <K, V>(spec: MapSpec, key: Codec<K>, value: Codec<V>) => BpfMap<K, V>

/** Opens the maps of a running balancer. @throws {NotFoundError} when none is running here */
export function openTables(directory: string): Tables {
  if (!existsSync(directory)) throw notRunning()
  return collect((spec, key, value) => {
    const path = mapPin(directory, spec.name)
    if (!existsSync(path))
      throw new NotFoundError(
        'no load balancer is running in this network namespace: an `up` or `down` was killed before it was done',
        'Run `tsbpf-lb up INTERFACE` again, or `tsbpf-lb down` to remove what is left of it.',
      )
    return BpfMap.openPinned(path, spec, { key, value })
  })
}

/** There is no balancer in the current network namespace. */
export function notRunning(): NotFoundError {
  return new NotFoundError(
    'no load balancer is running in this network namespace',
    'Start one with `tsbpf-lb up INTERFACE`.',
  )
}

/** Opens the maps that are pinned in `directory` and makes those that are not. */
export function createTables(directory: string, rollback: Rollback): Tables {
  makePinDirectory(mapPin(directory, '').replace(/\/$/, ''))
  return collect((spec, key, value) => {
    const path = mapPin(directory, spec.name)
    if (existsSync(path)) return BpfMap.openPinned(path, spec, { key, value })
    const map = createMapWithTypes(spec, { key, value })
    return orClose(map, () => {
      map.pin(path)
      rollback.add(`the pin ${path}`, () => unpin(path))
    })
  })
}

/** An empty ring of `size` places; put it into {@link Tables.rings} and close it. */
export function createRing(elements: readonly number[]): BpfMap<number, Value<typeof maps.RingElement>> {
  const spec: MapSpec = { ...ringTemplate(), maxEntries: elements.length + 1 }
  // Without types, as the template of the map of rings is: Linux 6.1 takes only maps that are alike in this too.
  const ring = BpfMap.create(spec, { key: codecOf(u32), value: maps.RingElement })
  return orClose(ring, () =>
    ring.setAll([elements.length, ...elements].map((backend, place) => [place, { backend }] as const)),
  )
}

/** Does something with a map that has just been made; the map is closed when that fails. */
function orClose<T extends { close(): void }>(map: T, action: () => void): T {
  try {
    action()
    return map
  } catch (error) {
    map.close()
    throw error
  }
}

function ringTemplate(): MapSpec {
  const { inner } = maps.rings.spec
  if (inner === undefined) throw new Error('the rings have no template')
  return inner
}

function collect(open: OpenMap): Tables {
  const opened: BpfMap<never, never>[] = []
  const keep: OpenMap = (spec, key, value) => {
    const map = open(spec, key, value)
    opened.push(map as unknown as BpfMap<never, never>)
    return map
  }
  const index = codecOf(u32)
  try {
    const tables = {
      frontends: keep(maps.frontends.spec, maps.FrontendKey, maps.Frontend),
      services: keep(maps.services.spec, index, maps.Service),
      turns: keep(maps.turns.spec, index, maps.Turn),
      rings: keep(maps.rings.spec, index, codecOf(u32)),
      backends: keep(maps.backends.spec, index, maps.Backend),
      stats: keep(maps.backendStats.spec, index, perCpu(maps.BackendStats)),
      counters: keep(maps.counterMap.spec, index, perCpu(maps.Counter)),
      interfaces: keep(interfaces.spec, index, Interface),
      forwarding: keep(forwarding.spec, index, Forwarding),
    }
    const close = (): void => {
      for (const map of opened) map.close()
    }
    return { ...tables, byName: new Map(opened.map((map) => [map.spec.name, map])), close }
  } catch (error) {
    for (const map of opened) map.close()
    throw error
  }
}
