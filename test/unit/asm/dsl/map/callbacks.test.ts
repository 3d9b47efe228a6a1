import { describe, expect, test } from 'vitest'
import { array, hash, lpmTrie, prefixKey } from '../../../../../src/asm/dsl/map/definition.ts'
import { SpinLock, Timer } from '../../../../../src/asm/layout/kernel-owned.ts'
import { be32, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import { VmMaps } from '../../../../../src/asm/vm/map/maps.ts'
import { report } from '../build-failure.ts'
import { program } from '../compile-and-run.ts'

const Key = struct('key', { id: u32 })
const Count = struct('count', { packets: u64 })
const counts = hash('counts', Key, Count, { maxEntries: 8 })

describe('every element of a map', () => {
  test('is seen, summed up, changed, deleted', () => {
    const small = program((b, { c }) => {
      const sum = b.variable(u64, 0)
      const seen = b.forEach(counts, (key, element) => {
        b.if(key.id.eq(c), () => {
          b.delete(counts, key)
          b.continue()
        })
        sum.set(sum.get().add(element.packets))
        b.assign(element, { packets: 0 })
      })
      b.return(sum.get().toU32().mul(10).add(seen.toU64().toU32()))
    })
    const maps = new VmMaps(small.spec.maps)
    for (const id of [1, 2, 3]) maps.of(counts).set({ id }, { packets: BigInt(id) })
    expect(small.run({ c: 2 }, { maps })).toBe(43n)
    expect([...maps.of(counts).entries()]).toEqual([
      [{ id: 1 }, { packets: 0n }],
      [{ id: 3 }, { packets: 0n }],
    ])
  })

  test('until the program has seen enough', () => {
    const list = array('list', Count, { maxEntries: 5 })
    const small = program((b, { c }) => {
      b.forEach(list, (key) => b.if(key.index.eq(c), () => b.return(key.index.add(100))))
      b.return(1)
    })
    expect(small.run({ c: 3 })).toBe(103n)
    expect(small.run({ c: 5 })).toBe(1n)
  })

  test('not of a trie', () => {
    const trie = lpmTrie('trie', prefixKey('p', { address: be32 }), Count, { maxEntries: 1 })
    const lines = report((b) => {
      // @ts-expect-error a trie
      b.forEach(trie, () => {})
    })
    expect(lines[0]).toBe('MAP_TYPE')
    expect(lines[1]).toContain('map "trie" (lpm_trie) cannot be walked through by a program')
  })

  test('whose key is not to be written', () => {
    const lines = report((b) => {
      b.forEach(counts, (key) => {
        // @ts-expect-error a key
        b.assign(key, { id: 1 })
      })
    })
    expect(lines[0]).toBe('READ_ONLY')
  })
})

describe('timers', () => {
  const Flow = struct('flow', { timer: Timer, lock: SpinLock, turns: u32 })
  const flows = hash('flows', Key, Flow, { maxEntries: 8 })

  test('see nothing of what is around them', () => {
    const lines = report((b, { c }) => {
      const flow = b.lookup(flows, { id: 1 }, { otherwise: 0 })
      b.startTimer(flows, flow.timer, { after: 5 }, (_, element) => b.assign(element, { turns: c }))
    })
    expect(lines.slice(1).join(' ')).toContain(
      'something made outside of a callback is used in it, which runs later',
    )
  })

  test('are fields of map values', () => {
    const lines = report((b) => {
      // @ts-expect-error types say so as well
      b.cancelTimer(b.stack(Flow).timer)
    })
    expect(lines[0]).toBe('ARGUMENT')
    expect(lines[1]).toContain("flow.timer is no timer in a map's value")
    expect(lines[2]).toBe('Give the value a field of type Timer and pass that.')
  })
})
