import { describe, expect, test } from 'vitest'
import { BuildError } from '../../../../../src/asm/dsl/core/errors.ts'
import { array } from '../../../../../src/asm/dsl/map/definition.ts'
import { SkBuff } from '../../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../../src/asm/dsl/program/program.ts'
import {
  XDP_ABORTED,
  XDP_DROP,
  XDP_PASS,
  type XdpContext,
  xdp,
} from '../../../../../src/asm/dsl/program/xdp.ts'
import { add64, mov64 } from '../../../../../src/asm/isa/alu.ts'
import { callHelper } from '../../../../../src/asm/isa/call.ts'
import { exit } from '../../../../../src/asm/isa/jump.ts'
import { load } from '../../../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r6 } from '../../../../../src/asm/isa/registers.ts'
import { be16, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { array as arrayOf, struct } from '../../../../../src/asm/layout/struct.ts'
import { helperNumber } from '../../../../../src/asm/text/helper-names.ts'
import { runXdp } from '../../../../../src/asm/vm/run-xdp.ts'
import { here } from '../build-failure.ts'

const Ethernet = struct('ethhdr', { macs: arrayOf(be16, 6), protocol: be16 }, { packed: true })
const counts = array('counts', struct('count', { packets: u64 }), { maxEntries: 1 })

function failure(write: () => void): string[] {
  try {
    write()
  } catch (error) {
    if (error instanceof BuildError) return [error.code, error.message, error.hint]
    throw error
  }
  throw new Error('the program was built')
}

describe('XDP programs', () => {
  const count = xdp('count_ip', (b, ctx) => {
    const ethernet = b.packet(ctx).header(Ethernet, { at: 0, otherwise: XDP_ABORTED })
    b.if(ethernet.protocol.ne(0x0800), () => b.return(XDP_PASS))
    b.atomicAdd(b.lookup(counts, 0, { otherwise: XDP_ABORTED }), { packets: 1 })
    b.if(ctx.rxQueueIndex.eq(3), () => b.return(XDP_DROP))
    b.return(XDP_PASS)
  })
  const ip = new Uint8Array(60)
  ip.set([0x08, 0x00], 12)

  test('read the packet and the context, and give a verdict', () => {
    expect(count.type).toBe('xdp')
    expect(runXdp(count, new Uint8Array(60)).verdict).toBe(XDP_PASS)
    expect(runXdp(count, new Uint8Array(13)).verdict).toBe(XDP_ABORTED)
    const { verdict, maps } = runXdp(count, ip, { ctx: { rxQueueIndex: 3 } })
    expect(verdict).toBe(XDP_DROP)
    expect(maps.of(counts).get({ index: 0 })).toEqual({ packets: 1n })
  })

  test('have no pull_data: require is a check, and references stay valid', () => {
    const spec = xdp('long', (b, ctx) => {
      const packet = b.packet(ctx)
      const ethernet = packet.header(Ethernet, { at: 0, otherwise: XDP_ABORTED })
      packet.require(40, { otherwise: XDP_DROP })
      b.if(ethernet.protocol.eq(0x0800), () => b.return(XDP_PASS))
      b.return(XDP_ABORTED)
    })
    expect(spec.instructions.some(({ opcode }) => opcode === 0x85)).toBe(false)
    expect(runXdp(spec, ip).verdict).toBe(XDP_PASS)
    expect(runXdp(spec, ip.slice(0, 39)).verdict).toBe(XDP_DROP)
  })

  test('return one of the verdicts', () => {
    const build = (): unknown =>
      xdp('wrong', (b, ctx) => {
        b.packet(ctx).require(20, { otherwise: 5 })
        b.return(XDP_PASS)
      })
    expect(failure(build)).toEqual([
      'RETURN_VALUE',
      `wrong returns 5, and must return 0 to 4 (${here(-5)})`,
      'The verdicts are XDP_ABORTED (0), XDP_DROP (1), XDP_PASS (2), XDP_TX (3) and XDP_REDIRECT (4).',
    ])
  })

  test('cannot write to their context', () => {
    const write = (ctx: XdpContext): object => ctx
    const build = (): unknown =>
      xdp('wrong', (b, ctx) => {
        b.assign(write(ctx) as never, { rxQueueIndex: 1 })
      })
    expect(failure(build)).toEqual([
      'READ_ONLY',
      `ctx.rxQueueIndex cannot be written in a program of this type (${here(-4)})`,
      'Nothing in this context can be.',
    ])
  })
})

describe('the context of a TC program', () => {
  test('has members that cannot be written', () => {
    const build = (): unknown =>
      tc('wrong', (b, skb) => {
        b.assign(skb as never, { mark: 1, len: 2 })
      })
    expect(failure(build)).toEqual([
      'READ_ONLY',
      `skb.len cannot be written in a program of this type (${here(-4)})`,
      'What can be written in this context: mark, queueMapping, priority, tcIndex, cb, tcClassid, tstamp.',
    ])
  })

  test('hides what is no integer', () => {
    tc('hidden', (b, skb) => {
      expect(Object.keys(skb)).not.toContain('data')
      expect(Object.keys(skb)).toContain('mark')
      b.return(0)
    })
    expect(Object.keys(SkBuff.fields)).toContain('data')
  })
})

describe('the interpreter', () => {
  const adjust = (helper: string, delta: number) => ({
    ...xdp('raw', (b) => b.return(XDP_PASS)),
    instructions: [
      mov64(r6, r1),
      mov64(r2, delta),
      callHelper(helperNumber(helper) ?? 0),
      load(4, r1, r6, 0),
      load(4, r2, r6, 4),
      mov64(r0, r2),
      { ...add64(r0, r1), opcode: 0x1f },
      exit(),
    ],
  })

  test('moves the ends of the packet', () => {
    const packet = Uint8Array.from({ length: 30 }, (_, i) => i)
    const longer = runXdp(adjust('xdp_adjust_head', -4), packet)
    expect([longer.r0, [...longer.packet.subarray(0, 6)]]).toEqual([34n, [0, 0, 0, 0, 0, 1]])
    const shorter = runXdp(adjust('xdp_adjust_tail', -10), packet)
    expect([shorter.r0, shorter.packet]).toEqual([20n, packet.subarray(0, 20)])
    expect(runXdp(adjust('xdp_adjust_head', 20), packet).r0).toBe(30n)
  })
})
