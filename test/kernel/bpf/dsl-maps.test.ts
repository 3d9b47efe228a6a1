import { expect } from 'vitest'
import {
  array,
  arrayOfMaps,
  hash,
  hashOfMaps,
  lpmTrie,
  lruHash,
  lruPerCpuHash,
  perCpuArray,
  perCpuHash,
  prefixKey,
} from '../../../src/asm/dsl/map/definition.ts'
import { perfEvents, ringBuffer } from '../../../src/asm/dsl/map/events.ts'
import {
  cgroupArray,
  cpuMap,
  deviceHash,
  deviceMap,
  programArray,
  socketHash,
  socketMap,
  xdpSocketMap,
} from '../../../src/asm/dsl/map/objects.ts'
import { bloomFilter, queue, stack } from '../../../src/asm/dsl/map/queue.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { xdp } from '../../../src/asm/dsl/program/xdp.ts'
import { be32, u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { struct } from '../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import {
  createMap,
  createMapOfMaps,
  createObjectMap,
  createPerCpuMap,
} from '../../../src/loader/bpf/create-map.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { createQueue } from '../../../src/loader/bpf/queue.ts'
import { createRingBuffer } from '../../../src/loader/bpf/ring-buffer.ts'
import { type LoadedMap, loadProgram } from '../../../src/loader/program/load.ts'
import { describe, test } from '../support/kernel-test.ts'
import { failOnLeakedFds } from './fixture.ts'

failOnLeakedFds()

const Key = struct('key', { id: u32 })
const Count = struct('count', { packets: u64, bytes: u64 })

/** Loads a TC program, runs it once. @returns its verdict */
function run(spec: ProgramSpec, ...maps: LoadedMap[]): number {
  using program = loadProgram(spec, { maps })
  return program.testRun(new Uint8Array(64)).retval
}

describe('elements', () => {
  test('of hashes: stored, inserted, counted, deleted', () => {
    for (const make of [hash, lruHash]) {
      const counts = make('t_counts', Key, Count, { maxEntries: 8 })
      using map = createMap(counts)
      map.set({ id: 1 }, { packets: 10n, bytes: 100n })
      const spec = tc('t_hash', (b) => {
        b.atomicAdd(b.lookupOrInsert(counts, { id: 1 }, {}, { otherwise: 1 }), { packets: 1 })
        b.atomicAdd(b.lookupOrInsert(counts, { id: 2 }, { bytes: 5 }, { otherwise: 1 }), { packets: 1 })
        b.update(counts, { id: 3 }, { packets: 3 })
        b.if(b.update(counts, { id: 3 }, {}, { mode: 'noexist' }).ne(-17), () => b.return(2))
        b.update(counts, { id: 4 }, {})
        b.if(b.delete(counts, { id: 4 }).ne(0), () => b.return(3))
        b.return(0)
      })
      expect(run(spec, map)).toBe(0)
      expect([...map].sort(([a], [z]) => a.id - z.id)).toEqual([
        [{ id: 1 }, { packets: 11n, bytes: 100n }],
        [{ id: 2 }, { packets: 1n, bytes: 5n }],
        [{ id: 3 }, { packets: 3n, bytes: 0n }],
      ])
    }
  })

  test('of per-CPU maps, own and of another CPU', () => {
    const list = perCpuArray('t_list', Count, { maxEntries: 2 })
    const table = perCpuHash('t_table', Key, Count, { maxEntries: 2 })
    const recent = lruPerCpuHash('t_recent', Key, Count, { maxEntries: 2 })
    using listed = createPerCpuMap(list)
    using tabled = createPerCpuMap(table)
    using remembered = createPerCpuMap(recent)
    const cpus = listed.get(1)?.length ?? 0
    listed.set(
      1,
      Array.from({ length: cpus }, (_, cpu) => ({ packets: BigInt(cpu + 10), bytes: 0n })),
    )
    const spec = tc('t_percpu', (b) => {
      b.atomicAdd(b.lookupOrInsert(table, { id: 7 }, {}, { otherwise: -1 }), { packets: 1 })
      b.update(recent, { id: 7 }, { bytes: 2 })
      b.return(b.lookupOnCpu(list, 1, 0, { otherwise: -1 }).packets.toU32())
    })
    expect(run(spec, listed, tabled, remembered)).toBe(10)
    const sum = (values: readonly { packets: bigint; bytes: bigint }[] = []) =>
      values.reduce((total, { packets, bytes }) => total + packets + bytes, 0n)
    expect([sum(tabled.get({ id: 7 })), sum(remembered.get({ id: 7 }))]).toEqual([1n, 2n])
  })

  test('of a trie', () => {
    const Network = prefixKey('network', { address: be32 })
    const routes = lpmTrie('t_routes', Network, struct('route', { via: u32 }), { maxEntries: 4 })
    using map = createMap(routes)
    map.set({ prefixLength: 8, address: 0x0a00_0000 }, { via: 1 })
    map.set({ prefixLength: 24, address: 0x0a00_0100 }, { via: 2 })
    const spec = tc('t_trie', (b) => {
      b.return(b.lookup(routes, { prefixLength: 32, address: 0x0a00_0105 }, { otherwise: 0 }).via)
    })
    expect(run(spec, map)).toBe(2)
  })

  test('of maps in maps', () => {
    const inner = hash('t_inner', Key, Count, { maxEntries: 4 })
    const byIndex = arrayOfMaps('t_by_index', inner, { maxEntries: 2 })
    const byKey = hashOfMaps('t_by_key', Key, inner, { maxEntries: 2 })
    using first = createMap(inner)
    using second = createMap(inner)
    using indexed = createMapOfMaps(byIndex)
    using keyed = createMapOfMaps(byKey)
    indexed.setObject(1, first)
    keyed.setObject({ id: 5 }, second)
    const spec = tc('t_of_maps', (b) => {
      b.update(b.lookup(byIndex, 1, { otherwise: 1 }), { id: 1 }, { packets: 1 })
      b.update(b.lookup(byKey, { id: 5 }, { otherwise: 2 }), { id: 2 }, { packets: 2 })
      b.return(0)
    })
    expect(run(spec, indexed, keyed)).toBe(0)
    expect(indexed.get(1)).toBe(first.id)
    expect([first.get({ id: 1 })?.packets, second.get({ id: 2 })?.packets]).toEqual([1n, 2n])
  })
})

describe('values without keys', () => {
  test.each([
    ['queue', queue('t_jobs', Key, { maxEntries: 2 }), [1, 2]],
    ['stack', stack('t_jobs', Key, { maxEntries: 2 }), [2, 1]],
  ] as const)('%s', (_, jobs, order) => {
    using map = createQueue(jobs)
    map.push({ id: 1 })
    map.push({ id: 2 })
    expect(() => map.push({ id: 3 })).toThrow('E2BIG')
    expect(map.peek()).toEqual({ id: order[0] })
    const spec = tc('t_pop', (b) => {
      b.peek(jobs, { hit: (job) => b.if(job.id.ne(order[0]), () => b.return(100)) })
      b.pop(jobs, {
        hit: (job) => {
          b.push(jobs, { id: 3 })
          b.push(jobs, { id: 4 }, { full: 'drop-oldest' })
          b.return(job.id)
        },
      })
      b.return(101)
    })
    expect(run(spec, map)).toBe(order[0])
    expect([map.pop()?.id, map.pop()?.id, map.pop()]).toEqual(
      jobs.spec.type === 'queue' ? [3, 4, undefined] : [4, 3, undefined],
    )
  })

  test('bloom filter', () => {
    const seen = bloomFilter('t_seen', Key, { maxEntries: 1000 })
    using map = createQueue(seen)
    map.push({ id: 7 })
    const spec = tc('t_bloom', (b) => {
      b.if(b.mayContain(seen, { id: 8 }), () => b.return(1))
      b.if(b.mayContain(seen, { id: 7 }).not(), () => b.return(2))
      b.push(seen, { id: 8 })
      b.if(b.mayContain(seen, { id: 8 }), () => b.return(0))
      b.return(3)
    })
    expect(run(spec, map)).toBe(0)
  })
})

describe('ring buffers', () => {
  const Event = struct('event', { kind: u32, value: u64 })
  const events = ringBuffer('t_events', Event, { size: 4096 })
  const spec = tc('t_ring', (b, skb) => {
    const record = b.reserve(events, { initial: { kind: 1 }, otherwise: 1 })
    b.assign(record, { value: skb.len.toU64() })
    b.submit(record)
    b.reserve(events, { some: (thrown) => b.discard(thrown) })
    b.if(b.output(events, { kind: 2 }).ne(0), () => b.return(2))
    b.return(0)
  })

  test('are read where they are, wrap around, and leave out what was thrown away', () => {
    using ring = createRingBuffer(events)
    using program = loadProgram(spec, { maps: [ring] })
    const seen: { kind: number; value: bigint }[] = []
    for (let turn = 0; turn < 100; turn++) {
      expect(program.testRun(new Uint8Array(60 + turn)).retval).toBe(0)
      ring.read((event) => seen.push(event))
    }
    expect(ring.waiting).toBe(0)
    expect(seen).toHaveLength(200)
    expect(seen.filter(({ kind }) => kind === 1).map(({ value }) => Number(value))).toEqual(
      Array.from({ length: 100 }, (_, turn) => 60 + turn),
    )
  })

  test('that nobody reads are full in the end', () => {
    using ring = createRingBuffer(events)
    using program = loadProgram(spec, { maps: [ring] })
    program.testRun(new Uint8Array(64), { repeat: 100 })
    expect(program.testRun(new Uint8Array(64)).retval).toBe(1)
    expect(ring.waiting).toBeGreaterThan(3900)
    expect(ring.read(() => {}, 3)).toBe(3)
  })

  test('are awaited', async () => {
    using ring = createRingBuffer(events)
    using program = loadProgram(spec, { maps: [ring] })
    setTimeout(() => program.testRun(new Uint8Array(64)), 20)
    const seen: number[] = []
    for await (const event of ring) {
      seen.push(event.kind)
      if (seen.length === 2) break
    }
    expect(seen).toEqual([1, 2])
  })

  test('call whoever subscribed, until they are closed', async () => {
    const ring = createRingBuffer(events)
    using program = loadProgram(spec, { maps: [ring] })
    const seen = new Promise<number>((resolve) => {
      ring.subscribe(({ kind }) => kind === 2 && resolve(kind))
    })
    setTimeout(() => program.testRun(new Uint8Array(64)), 20)
    expect(await seen).toBe(2)
    ring.close()
  })
})

test('perf events of a CPU that nobody listens to are refused', () => {
  const samples = perfEvents('t_samples', Key, { maxEntries: 64 })
  using map = BpfMap.create(samples.spec)
  const spec = tc('t_perf', (b, skb) => {
    b.return(b.perfOutput(skb, samples, { id: 1 }, { packetBytes: 14 }).toS32().add(100))
  })
  // ENOENT
  expect(run(spec, map)).toBe(98)
})

test('maps of objects are made, and programs redirect to what is in them', () => {
  const devices = deviceMap('t_devices', { maxEntries: 4 })
  const byInterface = deviceHash('t_dev_hash', { maxEntries: 4 })
  const cpus = cpuMap('t_cpus', { maxEntries: 1 })
  const sockets = xdpSocketMap('t_xsk', { maxEntries: 4 })
  const definitions = [
    programArray('t_programs', { maxEntries: 4 }),
    cgroupArray('t_cgroups', { maxEntries: 4 }),
    socketMap('t_sockets', { maxEntries: 4 }),
    socketHash('t_sockhash', Key, { maxEntries: 4 }),
  ]
  for (const { spec } of definitions) BpfMap.create(spec).close()
  using devicesMap = createObjectMap(devices)
  using interfaces = createObjectMap(byInterface)
  using queues = createObjectMap(cpus)
  using xsk = createObjectMap(sockets)
  devicesMap.set(2, { ifindex: 1 })
  queues.set(0, { size: 64 })
  const spec = xdp('t_redirect', (b) => {
    b.if(b.helpers.redirect_map({ map: byInterface, key: 9, flags: 2 }).ne(2), () => b.return(0))
    b.if(b.helpers.redirect_map({ map: sockets, key: 0, flags: 1 }).ne(1), () => b.return(0))
    b.if(b.helpers.redirect_map({ map: cpus, key: 0 }).ne(4), () => b.return(0))
    b.return(b.helpers.redirect_map({ map: devices, key: 1, flags: 1 }).toU32())
  })
  using program = loadProgram(spec, { maps: [devicesMap, interfaces, queues, xsk] })
  expect(program.testRun(new Uint8Array(64)).retval).toBe(1)
})

test('an array goes on where it was', () => {
  const list = array('t_array', Count, { maxEntries: 2 })
  using map = createMap(list)
  const spec = tc('t_array', (b) => {
    b.update(list, 1, { bytes: 4 })
    b.if(b.update(list, 2, {}).ne(-7), () => b.return(1))
    b.return(0)
  })
  expect(run(spec, map)).toBe(0)
  expect(map.get(1)).toEqual({ packets: 0n, bytes: 4n })
})
