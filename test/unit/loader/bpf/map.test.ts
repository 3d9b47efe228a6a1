import { describe, expect, it } from 'vitest'
import { u32 } from '../../../../src/asm/layout/scalar.ts'
import { codecOf } from '../../../../src/asm/layout/struct.ts'
import type { MapSpec } from '../../../../src/asm/program.ts'
import { openFdCount } from '../../../../src/loader/bpf/fd.ts'
import { BpfMap } from '../../../../src/loader/bpf/map.ts'
import type { BpfRequest } from '../../../../src/loader/bpf/request.ts'
import { type Answer, FakeKernel, pointee } from './fake-kernel.ts'

const ENOENT = 2
const EINVAL = 22
const ENOSPC = 28

const spec: MapSpec = { name: 'm', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1000, flags: 0 }
const codecs = { key: codecOf(u32), value: codecOf(u32) }
const word = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)

function mapIn(kernel: FakeKernel, change: Partial<MapSpec> = {}): BpfMap<number, number> {
  return BpfMap.create({ ...spec, ...change }, codecs, { bpf: kernel })
}

/** Answers a batch lookup with `[key, value]` pairs. */
function batch(errno: number, ...pairs: [number, number][]): Answer {
  return (request) => {
    const put = (offset: number, words: number[]) =>
      pointee(request, offset).set(new Uint8Array(Uint32Array.from(words).buffer))
    put(
      16,
      pairs.map(([key]) => key),
    )
    put(
      24,
      pairs.map(([, value]) => value),
    )
    request.u32(32, pairs.length)
    return -errno
  }
}

describe('reading all entries', () => {
  it('goes on where the last batch ended', () => {
    const answers = [batch(0, [1, 10], [2, 20]), batch(ENOENT, [3, 30])]
    const positions: (Uint8Array | undefined)[] = []
    const kernel = new FakeKernel({
      BPF_MAP_CREATE: () => 5,
      BPF_MAP_LOOKUP_BATCH: (request) => {
        positions.push(request.pointers.find(({ offset }) => offset === 0)?.buffer.slice())
        const result = answers[positions.length - 1]?.(request) ?? 0
        pointee(request, 8).set([0xee, 0, 0, positions.length])
        return result
      },
    })
    using map = mapIn(kernel)
    expect([...map]).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ])
    expect(positions).toEqual([undefined, Uint8Array.of(0xee, 0, 0, 1)])
  })

  it('makes room when a bucket does not fit', () => {
    const capacities: number[] = []
    const kernel = new FakeKernel({
      BPF_MAP_CREATE: () => 5,
      BPF_MAP_LOOKUP_BATCH: (request) => {
        capacities.push(request.readU32(32))
        return capacities.length < 3 ? -ENOSPC : batch(ENOENT, [1, 1])(request)
      },
    })
    using map = mapIn(kernel)
    expect([...map]).toEqual([[1, 1]])
    expect(capacities).toEqual([1000, 2000, 4000])
  })

  it('walks key by key where there are no batches, past a restart', () => {
    // The kernel stands on a key that somebody deletes, and starts over: 1, 2, then 1 again, 3.
    const order = [1, 2, 1, 3]
    let step = 0
    const kernel = new FakeKernel({
      BPF_MAP_CREATE: () => 5,
      BPF_MAP_LOOKUP_BATCH: () => -EINVAL,
      BPF_MAP_GET_NEXT_KEY: (request) => {
        const next = order[step++]
        if (next === undefined) return -ENOENT
        pointee(request, 16)[0] = next
        return 0
      },
      BPF_MAP_LOOKUP_ELEM: (request) => {
        pointee(request, 16)[0] = word(pointee(request, 8)) * 10
        return 0
      },
    })
    using map = mapIn(kernel)
    expect([...map]).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ])
  })

  it('ends with an error when the kernel starts over for ever', () => {
    const kernel = new FakeKernel({
      BPF_MAP_CREATE: () => 5,
      BPF_MAP_LOOKUP_BATCH: () => -EINVAL,
      BPF_MAP_GET_NEXT_KEY: () => 0,
    })
    using map = mapIn(kernel, { maxEntries: 4 })
    expect(() => [...map]).toThrow(expect.objectContaining({ code: 'MAP_ITERATION' }))
  })

  it('notices that the map was closed', () => {
    const kernel = new FakeKernel({ BPF_MAP_CREATE: () => 5, BPF_MAP_LOOKUP_BATCH: batch(0, [1, 10]) })
    const map = mapIn(kernel)
    const entries = map.entries()
    entries.next()
    map.close()
    expect(() => entries.next()).toThrow(expect.objectContaining({ code: 'USE_AFTER_CLOSE' }))
  })
})

describe('writing many entries', () => {
  it('goes on one by one from where a batch failed', () => {
    const written: number[] = []
    const kernel = new FakeKernel({
      BPF_MAP_CREATE: () => 5,
      BPF_MAP_UPDATE_BATCH: (request) => {
        request.u32(32, 2)
        return -7
      },
      BPF_MAP_UPDATE_ELEM: (request: BpfRequest) => {
        written.push(word(pointee(request, 8)))
        return written.length < 2 ? 0 : -7
      },
    })
    using map = mapIn(kernel)
    const entries = [1, 2, 3, 4, 5].map((n) => [n, n] as const)
    expect(() => map.setAll(entries)).toThrow(expect.objectContaining({ errnoName: 'E2BIG' }))
    expect(written).toEqual([3, 4])
  })

  it('writes all of them one by one where there are no batches', () => {
    let written = 0
    const kernel = new FakeKernel({
      BPF_MAP_CREATE: () => 5,
      BPF_MAP_UPDATE_BATCH: () => -524,
      BPF_MAP_UPDATE_ELEM: () => {
        written++
        return 0
      },
    })
    using map = mapIn(kernel)
    map.setAll(Array.from({ length: 20_000 }, (_, n) => [n, n]))
    expect(written).toBe(20_000)
  })
})

describe('file descriptors', () => {
  it('of a template are closed whatever happens', () => {
    const before = openFdCount()
    let next = 5
    const inner = spec
    const outer: MapSpec = { ...spec, type: 'hash_of_maps', inner }
    const working = new FakeKernel({ BPF_MAP_CREATE: () => next++ })
    BpfMap.create(outer, undefined, { bpf: working }).close()
    expect(working.closed).toEqual([5, 6])
    const failing = new FakeKernel({ BPF_MAP_CREATE: () => (next++ === 7 ? 7 : -EINVAL) })
    expect(() => BpfMap.create(outer, undefined, { bpf: failing })).toThrow(/create map "m"/)
    expect(failing.closed).toEqual([7])
    expect(openFdCount()).toBe(before)
  })

  it('of a pin that turns out to be something else are closed', () => {
    const kernel = new FakeKernel({ BPF_OBJ_GET: () => 9 })
    kernel.kind = 'link'
    expect(() => BpfMap.openPinned('/sys/fs/bpf/x', spec, codecs, kernel)).toThrow(
      /pin of a link, not of a map/,
    )
    kernel.kind = 'map'
    expect(() => BpfMap.openPinned('/sys/fs/bpf/x', spec, codecs, kernel)).toThrow(
      expect.objectContaining({ code: 'MAP_MISMATCH' }),
    )
    expect(kernel.closed).toEqual([9, 9])
  })
})
