import { describe, expect, test } from 'vitest'
import { add64, mov64 } from '../../../../src/asm/isa/alu.ts'
import { callHelper } from '../../../../src/asm/isa/call.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, jeq64 } from '../../../../src/asm/isa/jump.ts'
import { loadMap } from '../../../../src/asm/isa/load-imm64.ts'
import { load, store } from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r3, r4, r6, r7, r10 } from '../../../../src/asm/isa/registers.ts'
import type { MapSpec, ProgramSpec } from '../../../../src/asm/program.ts'
import { helperNumber } from '../../../../src/asm/text/helper-names.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { RingBufferMap } from '../../../../src/asm/vm/map/ring-buffer.ts'
import { runTc, TcMachine } from '../../../../src/asm/vm/run-tc.ts'

function program(instructions: readonly Instruction[], maps: readonly MapSpec[] = []): ProgramSpec {
  return {
    name: 'tc',
    type: 'sched_cls',
    license: 'GPL',
    instructions,
    functions: [{ name: 'tc', start: 0 }],
    maps,
    kfuncs: [],
  }
}

const packet = Uint8Array.from({ length: 40 }, (_, i) => i)

describe('the packet', () => {
  const last = [load(4, r2, r1, 80), load(1, r0, r2, -1), exit()]

  test('lies between data and data_end', () => {
    expect(runTc(program([load(4, r2, r1, 76), load(1, r0, r2, 5), exit()]), packet).verdict).toBe(5)
    expect(runTc(program(last), packet).verdict).toBe(39)
    expect(runTc(program(last), packet, { linear: 10 }).verdict).toBe(9)
    expect(() => runTc(program([load(4, r2, r1, 80), load(1, r0, r2, 0), exit()]), packet)).toThrow(
      /outside of the packet, at offset 40 of its 40 bytes$/,
    )
  })

  test('of the caller is not changed', () => {
    const original = packet.slice()
    const write = [load(4, r2, r1, 76), store(1, r2, 0, 99), mov64(r0, 0), exit()]
    expect(runTc(program(write), original).packet[0]).toBe(99)
    expect(original).toEqual(packet)
  })

  test('moves when it is pulled together: old pointers dangle', () => {
    const pull = (again: boolean): Instruction[] => [
      mov64(r6, r1),
      load(4, r7, r1, 76),
      mov64(r2, 30),
      callHelper(helperNumber('skb_pull_data')),
      ...(again ? [load(4, r7, r6, 76)] : [mov64(r0, 0)]),
      load(1, r0, r7, 20),
      exit(),
    ]
    expect(runTc(program(pull(true)), packet, { linear: 14 }).verdict).toBe(20)
    expect(() => runTc(program(pull(false)), packet, { linear: 14 })).toThrow(/where there is no memory$/)
  })

  test('is loaded and stored as bytes, by offset', () => {
    const copy = [
      mov64(r6, r1),
      mov64(r2, 16),
      mov64(r3, r10),
      add64(r3, -8),
      mov64(r4, 4),
      callHelper(helperNumber('skb_load_bytes')),
      load(4, r7, r10, -8),
      mov64(r1, r6),
      mov64(r2, 38),
      mov64(r3, r10),
      add64(r3, -8),
      mov64(r4, 4),
      callHelper(helperNumber('skb_load_bytes')),
      exit(),
    ]
    // The second one reaches beyond the packet: -EFAULT, and zeroes.
    expect(runTc(program(copy), packet, { linear: 0 }).verdict).toBe(-14)
  })
})

describe('what it did', () => {
  test('a redirect', () => {
    const body = [mov64(r1, 7), mov64(r2, 1), callHelper(helperNumber('redirect')), exit()]
    const result = runTc(program(body), packet)
    expect([result.verdict, result.redirect]).toEqual([7, { how: 'redirect', ifindex: 7, flags: 1n }])
    expect(runTc(program([mov64(r0, 0), exit()]), packet).redirect).toBeUndefined()
  })

  test('verdicts are signed, r0 is not', () => {
    const { verdict, r0: all } = runTc(program([mov64(r0, -1), exit()]), packet)
    expect([verdict, all]).toEqual([-1, 2n ** 64n - 1n])
  })

  test('records of a ring buffer', () => {
    const events: MapSpec = {
      name: 'events',
      type: 'ringbuf',
      keySize: 0,
      valueSize: 0,
      maxEntries: 4096,
      flags: 0,
    }
    const body = [
      loadMap(r1, 'events'),
      mov64(r2, 8),
      mov64(r3, 0),
      callHelper(helperNumber('ringbuf_reserve')),
      jeq64(r0, 0, 4),
      store(8, r0, 0, 5),
      mov64(r1, r0),
      mov64(r2, 0),
      callHelper(helperNumber('ringbuf_submit')),
      mov64(r0, 0),
      exit(),
    ]
    const maps = new VmMaps([events])
    runTc(program(body, [events]), packet, { maps })
    const ring = maps.byName.get('events')
    expect(ring instanceof RingBufferMap && ring.drain()).toEqual([Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0)])
  })
})

describe('the world', () => {
  const call = (number: number): ProgramSpec => program([callHelper(number), exit()])

  test('is the same in every run, unless told', () => {
    const random = call(helperNumber('get_prandom_u32'))
    expect(runTc(random, packet).r0).toBe(runTc(random, packet).r0)
    const machine = new TcMachine(random)
    expect(machine.run(packet).r0).not.toBe(machine.run(packet).r0)
    expect(runTc(random, packet, { random: () => -1 }).r0).toBe(0xffff_ffffn)
    expect(runTc(call(helperNumber('ktime_get_ns')), packet, { now: () => 123n }).r0).toBe(123n)
    expect(runTc(call(helperNumber('jiffies64')), packet, { now: () => 5_000_000n }).r0).toBe(5n)
    expect(runTc(call(helperNumber('get_smp_processor_id')), packet, { cpu: 3 }).r0).toBe(3n)
  })

  test('a helper in place of the interpreter’s own', () => {
    const helpers = { bpf_ktime_get_ns: () => 9n }
    expect(runTc(call(helperNumber('ktime_get_ns')), packet, { helpers }).r0).toBe(9n)
  })
})
