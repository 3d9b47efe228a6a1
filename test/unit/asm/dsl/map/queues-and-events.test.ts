import { describe, expect, test } from 'vitest'
import { perfEvents, ringBuffer } from '../../../../../src/asm/dsl/map/events.ts'
import { bloomFilter, queue, stack } from '../../../../../src/asm/dsl/map/queue.ts'
import type { RefOf } from '../../../../../src/asm/dsl/memory/reference.ts'
import { u8, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import { VmMaps } from '../../../../../src/asm/vm/map/maps.ts'
import type { PerfEventsMap } from '../../../../../src/asm/vm/map/perf-events.ts'
import type { RingBufferMap } from '../../../../../src/asm/vm/map/ring-buffer.ts'
import { here, report } from '../build-failure.ts'
import { program, type SmallProgram } from '../compile-and-run.ts'

const Job = struct('job', { id: u32 })

describe('queues and stacks', () => {
  test.each([
    ['queue', queue('jobs', Job, { maxEntries: 2 }), [10n, 10n, 11n, 12n, 99n]],
    ['stack', stack('jobs', Job, { maxEntries: 2 }), [11n, 11n, 12n, 12n, 99n]],
  ] as const)('a %s: push, refuse, drop, peek, pop', (_, jobs, seen) => {
    const small = program((b, { c, d }) => {
      b.if(c.eq(0), () => b.return(b.push(jobs, { id: d }).toU32()))
      b.if(c.eq(1), () => b.return(b.push(jobs, { id: d }, { full: 'drop-oldest' }).toU32()))
      b.if(c.eq(2), () => {
        b.peek(jobs, { hit: (job) => b.return(job.id), miss: () => b.return(99) })
      })
      b.pop(jobs, { hit: (job) => b.return(job.id), miss: () => b.return(99) })
    })
    const maps = new VmMaps(small.spec.maps)
    const run = (c: number, d = 0): bigint => small.run({ c, d }, { maps })
    expect([run(0, 10), run(0, 11), BigInt.asIntN(32, run(0, 12))]).toEqual([0n, 0n, -7n])
    const first = [run(2), run(3)]
    run(0, 12)
    if (jobs.spec.type === 'stack') run(1, 12)
    expect([...first, run(3), run(3), run(3)]).toEqual(seen)
  })

  test('a bloom filter', () => {
    const seen = bloomFilter('seen', Job, { maxEntries: 100 })
    const small = program((b, { c }) => {
      b.if(b.mayContain(seen, { id: c }), () => b.return(1))
      b.push(seen, { id: c })
      b.return(0)
    })
    const maps = new VmMaps(small.spec.maps)
    expect([5, 6, 5, 6].map((c) => small.run({ c }, { maps }))).toEqual([0n, 0n, 1n, 1n])
  })
})

const Event = struct('event', { kind: u8, value: u64 })
const events = ringBuffer('events', Event, { size: 4096 })

function recordsOf(small: SmallProgram, inputs: readonly number[]) {
  const maps = new VmMaps(small.spec.maps)
  const results = inputs.map((c) => small.run({ c }, { maps }))
  const map = maps.byName.get('events') as RingBufferMap
  return { results, records: map.drain().map((bytes) => Event.decode(bytes)) }
}

describe('ring buffers', () => {
  test('a record is reserved, filled in, submitted or discarded', () => {
    const small = program((b, { c }) => {
      const record = b.reserve(events, { initial: { kind: 1 }, otherwise: 7 })
      b.assign(record, { value: c.toU64() })
      b.if(
        c.lt(10),
        () => b.submit(record),
        () => b.discard(record, { wakeup: 'no' }),
      )
      b.return(0)
    })
    expect(recordsOf(small, [1, 20, 2])).toEqual({
      results: [0n, 0n, 0n],
      records: [
        { kind: 1, value: 1n },
        { kind: 1, value: 2n },
      ],
    })
  })

  test('a full buffer', () => {
    const small = program((b) => {
      b.reserve(events, { some: (record) => b.submit(record), none: () => b.return(1) })
      b.return(0)
    })
    const { results, records } = recordsOf(small, new Array(172).fill(0))
    expect(results.indexOf(1n)).toBe(170)
    expect(records[0]).toEqual({ kind: 0, value: 0n })
  })

  test('a record in one go, and how full the buffer is', () => {
    const small = program((b, { c }) => {
      b.output(events, { kind: 3, value: c.toU64() }, { wakeup: 'force' })
      b.return(b.queryRingBuffer(events, 'available').toU32())
    })
    expect(recordsOf(small, [5, 6])).toEqual({
      results: [24n, 48n],
      records: [
        { kind: 3, value: 5n },
        { kind: 3, value: 6n },
      ],
    })
  })

  test.each([0, 100, 4097, 12288])('have no size of %d bytes', (size) => {
    expect(() => ringBuffer('bad', Event, { size })).toThrow(
      `map "bad": a ring buffer has 4096, 8192, … bytes, got ${size}`,
    )
  })
})

test('perf events', () => {
  const samples = perfEvents('samples', Job, { maxEntries: 8 })
  const small = program((b, { c }, skb) => {
    b.return(b.perfOutput(skb, samples, { id: c }, { packetBytes: 20 }).toU32())
  })
  const maps = new VmMaps(small.spec.maps)
  expect(small.run({ c: 4 }, { maps, cpu: 2 })).toBe(0n)
  const [sample] = (maps.byName.get('samples') as PerfEventsMap).drain()
  expect(sample).toEqual({ cpu: 2, data: Job.encode({ id: 4 }) })
})

describe('mistakes with records', () => {
  test('one that is neither submitted nor discarded', () => {
    let at = ''
    let end = ''
    const lines = report((b) => {
      at = here(1)
      b.reserve(events, { otherwise: 0 })
      end = here(1)
      b.return(0)
    })
    expect(lines).toEqual([
      'LEAKED_REFERENCE',
      `this record of events is not submitted or discarded on every way (${at})`,
      `The program returns with it at ${end}.`,
      'It must be submitted or discarded before that return.',
    ])
  })

  test('one that is submitted on one way only', () => {
    const lines = report((b, { c }) => {
      b.reserve(events, { some: (record) => b.if(c.eq(1), () => b.submit(record)) })
      b.return(0)
    })
    expect(lines[0]).toBe('LEAKED_REFERENCE')
    expect(lines.slice(2)).toEqual([
      'It is submitted or discarded on one way and held on another where the ways through this statement meet.',
      'It must be submitted or discarded inside the block that acquired it, on every way out of it.',
    ])
  })

  const after: Readonly<
    Record<string, (record: RefOf<typeof Event>, b: Parameters<Parameters<typeof report>[0]>[0]) => void>
  > = {
    read: (record) => record.value,
    written: (record, b) => b.assign(record, { kind: 1 }),
    'submitted again': (record, b) => b.submit(record),
  }
  for (const [what, use] of Object.entries(after))
    test(`one that is ${what} after it was submitted`, () => {
      const lines = report((b) => {
        const record = b.reserve(events, { otherwise: 0 })
        b.submit(record)
        use(record, b)
      })
      expect(lines[0]).toBe('USE_AFTER_RELEASE')
      expect(lines[1]).toContain(
        "events's record is used after the record of events was submitted or discarded",
      )
    })

  test('something that is no record', () => {
    const lines = report((b) => b.submit(b.stack(Event)))
    expect(lines[0]).toBe('ARGUMENT')
    expect(lines[1]).toContain('event is no record of a ring buffer')
    expect(lines[2]).toBe('Pass the record that b.reserve gave.')
  })
})
