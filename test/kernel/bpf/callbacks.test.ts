import { expect } from 'vitest'
import { array, hash } from '../../../src/asm/dsl/map/definition.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { Timer } from '../../../src/asm/layout/kernel-owned.ts'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { struct } from '../../../src/asm/layout/struct.ts'
import { createMap } from '../../../src/loader/bpf/create-map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { test } from '../support/kernel-test.ts'
import { until } from '../support/until.ts'
import { failOnLeakedFds } from './fixture.ts'

failOnLeakedFds()

const Key = struct('key', { id: u32 })
const packet = new Uint8Array(64)

test('a program walks through a map', () => {
  const counts = hash('t_walk', Key, struct('count', { packets: u64 }), { maxEntries: 8 })
  using map = createMap(counts)
  for (const id of [1, 2, 3]) map.set({ id }, { packets: BigInt(id) })
  const spec = tc('t_walk', (b) => {
    const sum = b.variable(u64, 0)
    const seen = b.forEach(counts, (key, element) => {
      b.if(key.id.eq(2), () => {
        b.delete(counts, key)
        b.continue()
      })
      sum.set(sum.get().add(element.packets))
    })
    b.return(sum.get().toU32().mul(10).add(seen.toU64().toU32()))
  })
  using program = loadProgram(spec, { maps: [map] })
  expect(program.testRun(packet).retval).toBe(43)
  expect([...map].map(([{ id }]) => id).sort()).toEqual([1, 3])
})

test('a timer runs, again and again, until it is told to stop', async () => {
  const Flow = struct('flow', { turns: u32, reserved: u32, timer: Timer })
  const flows = array('t_timers', Flow, { maxEntries: 1 })
  using map = createMap(flows)
  const start = tc('t_start', (b) => {
    const flow = b.lookup(flows, 0, { otherwise: 1 })
    const result = b.startTimer(flows, flow.timer, { after: 1_000_000 }, (_, element, timer) => {
      b.assign(element, { turns: element.turns.add(1) })
      b.if(element.turns.lt(3), () => timer.again(1_000_000))
    })
    b.return(result.toS32())
  })
  const cancel = tc('t_cancel', (b) => {
    b.return(b.cancelTimer(b.lookup(flows, 0, { otherwise: 9 }).timer).toS32())
  })
  using starting = loadProgram(start, { maps: [map] })
  using cancelling = loadProgram(cancel, { maps: [map] })
  expect(starting.testRun(packet).retval).toBe(0)
  await until(
    'three turns of the timer',
    () => map.get(0)?.turns,
    (turns) => turns === 3,
  )
  expect(cancelling.testRun(packet).retval).toBe(0)
})
