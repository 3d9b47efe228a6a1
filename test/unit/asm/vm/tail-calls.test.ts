import { describe, expect, test } from 'vitest'
import { contextOf, subprogram } from '../../../../src/asm/dsl/control/subprogram.ts'
import { array } from '../../../../src/asm/dsl/map/definition.ts'
import { programArray } from '../../../../src/asm/dsl/map/objects.ts'
import { TcContext } from '../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { XDP_DROP, XDP_PASS, xdp } from '../../../../src/asm/dsl/program/xdp.ts'
import { u32 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import { InstructionLimitError } from '../../../../src/asm/vm/errors.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { runXdp } from '../../../../src/asm/vm/run-xdp.ts'

const jumps = programArray('jumps', { maxEntries: 3 })
const runs = array('runs', struct('run_count', { n: u32 }), { maxEntries: 2 })
const packet = new Uint8Array(64)

/** Goes on at the index that the packet's mark says; 99 where there is no program. */
const main = tc('main', (b, skb) => {
  b.atomicAdd(b.lookup(runs, 0, { otherwise: 0 }), { n: 1 })
  b.tailCall(skb, jumps, skb.mark)
  b.return(99)
})
const target = tc('target', (b, skb) => b.return(skb.len.add(skb.mark)))

describe('a tail call', () => {
  const maps = new VmMaps(main.maps)
  maps.putProgram(jumps, 1, target)
  const verdict = (mark: number): number => runTc(main, packet, { maps, skb: { mark } }).verdict

  test('goes on with the program that is there, in the same context', () => {
    expect(verdict(1)).toBe(65)
  })

  test('does nothing where there is none', () => {
    expect([verdict(0), verdict(2), verdict(3), verdict(0xffff_ffff)]).toEqual([99, 99, 99, 99])
    expect(runTc(main, packet).verdict).toBe(runTc(main, packet, { skb: { mark: 1 } }).verdict)
  })

  test('out of a function goes back to whom that would have gone back to', () => {
    const jump = subprogram('jump', { skb: contextOf(TcContext), index: u32 }, u32, (b, { skb, index }) => {
      b.tailCall(skb, jumps, index)
      b.return(7)
    })
    const outer = tc('outer', (b, skb) => {
      const { len } = skb
      b.return(b.call(jump, { skb, index: skb.mark }).add(len.mul(1000)))
    })
    const run = (mark: number): number => runTc(outer, packet, { maps, skb: { mark } }).verdict
    expect([run(1), run(0)]).toEqual([64_065, 64_007])
  })

  test('happens 33 times at most', () => {
    const own = new VmMaps(main.maps)
    own.putProgram(jumps, 0, main)
    expect(runTc(main, packet, { maps: own }).verdict).toBe(99)
    expect(own.of(runs).get({ index: 0 })).toEqual({ n: 34 })
    expect(runTc(main, packet, { maps: own }).verdict).toBe(99)
    expect(own.of(runs).get({ index: 0 })).toEqual({ n: 68 })
  })

  test('shares maps by name; those that only the other program has are made', () => {
    const more = array('more', struct('run_count', { n: u32 }), { maxEntries: 1 })
    const counting = tc('counting', (b) => {
      b.atomicAdd(b.lookup(runs, 1, { otherwise: 0 }), { n: 5 })
      b.atomicAdd(b.lookup(more, 0, { otherwise: 0 }), { n: 6 })
      b.return(3)
    })
    const own = new VmMaps(main.maps)
    own.putProgram(jumps, 2, counting)
    expect(runTc(main, packet, { maps: own, skb: { mark: 2 } }).verdict).toBe(3)
    expect([...own.of(runs).entries()].map(([, { n }]) => n)).toEqual([1, 5])
    expect(own.of(more).get({ index: 0 })).toEqual({ n: 6 })
  })

  test('its instructions count, and are traced under the name of their program', () => {
    const traced: string[] = []
    const trace = ({ program }: { readonly program: string }): void => {
      traced.push(program)
    }
    const options = { maps, skb: { mark: 1 } }
    const { executed } = runTc(main, packet, options)
    expect(runTc(main, packet, { ...options, trace }).executed).toBe(executed)
    expect(traced).toHaveLength(executed)
    expect(traced.filter((name) => name === 'target')).toHaveLength(target.instructions.length)
  })

  test('in XDP', () => {
    const first = xdp('first', (b, ctx) => {
      b.tailCall(ctx, jumps, 0)
      b.return(XDP_PASS)
    })
    const own = new VmMaps(first.maps)
    expect(runXdp(first, packet, { maps: own }).verdict).toBe(XDP_PASS)
    own.putProgram(
      jumps,
      0,
      xdp('second', (b) => b.return(XDP_DROP)),
    )
    expect(runXdp(first, packet, { maps: own }).verdict).toBe(XDP_DROP)
  })

  test('what cannot be put there', () => {
    const other = xdp('other', (b) => b.return(XDP_PASS))
    expect(() => maps.putProgram(jumps, 0, other)).toThrow(
      new RangeError('map jumps holds programs of type sched_cls, "other" is xdp'),
    )
    expect(() => maps.putProgram(jumps, 3, target)).toThrow(
      new RangeError('map jumps has 3 elements, there is no 3'),
    )
    expect(() => maps.putProgram(runs, 0, target)).toThrow(new RangeError('map "runs" holds no programs'))
  })
})

test('the instructions of callbacks count, traced or not', () => {
  const looping = tc('looping', (b, skb) => {
    const sum = b.variable(u32, 0)
    b.for(50, (i) => sum.set(sum.get().add(i.xor(skb.len))), { strategy: 'bpf_loop' })
    b.return(sum.get())
  })
  const { executed } = runTc(looping, packet)
  expect(executed).toBeGreaterThan(50)
  expect(runTc(looping, packet, { trace: () => {} }).executed).toBe(executed)
  expect(runTc(looping, packet, { instructionLimit: executed }).executed).toBe(executed)
  expect(() => runTc(looping, packet, { instructionLimit: executed - 1 })).toThrow(InstructionLimitError)
})
