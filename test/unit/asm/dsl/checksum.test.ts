import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import type { Net } from '../../../../src/asm/dsl/core/values.ts'
import type { RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import type { ChecksumChange } from '../../../../src/asm/dsl/packet/checksum-change.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { be16, be32, be64, u8 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import { be128 } from '../../../../src/asm/layout/wide.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'

/** What the checksum covers, and the checksum. */
const Data = struct(
  'data',
  { port: be16, ttl: u8, protocol: u8, address: be32, long: be64, wide: be128, checksum: be16 },
  { packed: true },
)
const covered = Data.fields.checksum.offset

/** The ones' complement sum of 16-bit words, by the book (RFC 1071). */
function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

const values = fc.record({
  port: fc.integer({ min: 0, max: 0xffff }),
  ttl: fc.integer({ min: 0, max: 0xff }),
  protocol: fc.integer({ min: 0, max: 0xff }),
  address: fc.integer({ min: 0, max: 0xffffffff }),
  long: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  wide: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
})
/** Two sets of values: what is there and what is to be there. */
const Both = struct('both', { old: Data, fresh: Data }, { packed: true })

function changeOf(b: ProgramBuilder, old: RefOf<typeof Data>, fresh: RefOf<typeof Data>): ChecksumChange {
  return b
    .checksumChange()
    .replace(old.port, fresh.port)
    .replaceByte(old.ttl, fresh.ttl, 'first')
    .replaceByte(old.protocol, fresh.protocol, 'second')
    .replace(old.address, fresh.address)
    .replace(old.long, fresh.long)
    .replace(old.wide, fresh.wide)
}

/** A program that writes what `update` gives into the first checksum. */
function updating(
  update: (change: ChecksumChange, checksum: Net<'be16'>) => Net<'be16'>,
): ReturnType<typeof tc> {
  return tc('update', (b, skb) => {
    const { old, fresh } = b.packet(skb).header(Both, { at: 0, otherwise: 9 })
    b.assign(old, { checksum: update(changeOf(b, old, fresh), old.checksum) })
    b.return(0)
  })
}

const finished = (data: Uint8Array): number => sumOf(data.subarray(0, covered)) ^ 0xffff
const checksumIn = (packet: Uint8Array): number => Data.decode(packet).checksum
/** 0 and 0xffff are the same number. */
const same = (a: number, b: number): boolean => a % 0xffff === b % 0xffff

describe('a change of a checksum', () => {
  test('applied to a finished checksum gives that of the new data', () => {
    const spec = updating((change, checksum) => change.apply(checksum))
    fc.assert(
      fc.property(values, values, (old, fresh) => {
        const before = Data.encode({ ...old, checksum: 0 })
        const after = Data.encode({ ...fresh, checksum: 0 })
        const packet = Both.encode({
          old: { ...old, checksum: finished(before) },
          fresh: { ...fresh, checksum: 0 },
        })
        const result = checksumIn(runTc(spec, packet).packet)
        expect(same(result, finished(after))).toBe(true)
        // What a receiver does: the sum of everything is all ones.
        if (sumOf(after) !== 0) expect(sumOf(Data.encode({ ...fresh, checksum: result }))).toBe(0xffff)
      }),
    )
  })

  test('applied to the sum of a pseudo header gives that of the new one, which is not complemented', () => {
    const spec = updating((change, checksum) => change.applyToPseudoHeaderSum(checksum))
    fc.assert(
      fc.property(values, values, (old, fresh) => {
        const sum = sumOf(Data.encode({ ...old, checksum: 0 }))
        const packet = Both.encode({ old: { ...old, checksum: sum }, fresh: { ...fresh, checksum: 0 } })
        const result = checksumIn(runTc(spec, packet).packet)
        expect(same(result, sumOf(Data.encode({ ...fresh, checksum: 0 })))).toBe(true)
      }),
    )
  })

  test('leaves out what UDP leaves out', () => {
    const spec = updating((change, checksum) => change.apply(checksum, { zeroMeansNone: true }))
    const zero = Data.decode(new Uint8Array(Data.size))
    const run = (checksum: number, port: number): number =>
      checksumIn(runTc(spec, Both.encode({ old: { ...zero, checksum }, fresh: { ...zero, port } })).packet)
    expect(run(0, 5)).toBe(0)
    expect(run(0xfffe, 1)).toBe(0xfffd)
    expect(run(5, 5)).toBe(0xffff)
    const plain = updating((change, checksum) => change.apply(checksum))
    const packet = Both.encode({ old: { ...zero, checksum: 5 }, fresh: { ...zero, port: 5 } })
    expect(checksumIn(runTc(plain, packet).packet)).toBe(0)
  })

  test("does the same through the kernel's helpers", () => {
    const spec = tc('helpers', (b, skb) => {
      const packet = b.packet(skb)
      const { old, fresh } = packet.header(Both, { at: 0, otherwise: 9 })
      const change = changeOf(b, old, fresh)
      packet.updateIpChecksum({ at: covered, change, otherwise: 1 })
      packet.updateL4Checksum({ at: Data.size + covered, change, pseudoHeader: true, otherwise: 2 })
      b.return(0)
    })
    const apply = updating((change, checksum) => change.apply(checksum))
    fc.assert(
      fc.property(values, values, (old, fresh) => {
        const checksum = finished(Data.encode({ ...old, checksum: 0 }))
        const packet = Both.encode({ old: { ...old, checksum }, fresh: { ...fresh, checksum } })
        const expected = checksumIn(runTc(apply, packet).packet)
        const result = Both.decode(runTc(spec, packet).packet)
        expect(same(result.old.checksum, expected)).toBe(true)
        expect(same(result.fresh.checksum, expected)).toBe(true)
      }),
    )
    expect(runTc(spec, new Uint8Array(10)).r0).toBe(9n)
  })

  test('literals, and fields on their own', () => {
    const spec = tc('literals', (b, skb) => {
      const data = b.packet(skb).header(Data, { at: 0, otherwise: 9 })
      const change = b
        .checksumChange()
        .replace(data.port, 8080)
        .replace(data.long, 5n)
        .replace(data.wide, 1n)
        .replaceByte(data.ttl, 63, 'first')
      b.assign(data, { port: 8080, long: 5n, wide: 1n, ttl: 63, checksum: change.apply(data.checksum) })
      b.return(0)
    })
    fc.assert(
      fc.property(values, (old) => {
        const checksum = finished(Data.encode({ ...old, checksum: 0 }))
        const { packet } = runTc(spec, Data.encode({ ...old, checksum }))
        expect(sumOf(packet)).toBe(0xffff)
      }),
    )
  })
})
