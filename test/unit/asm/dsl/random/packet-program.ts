import fc from 'fast-check'
import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import type { LocalVariable } from '../../../../../src/asm/dsl/control/control-flow.ts'
import { array, hash } from '../../../../../src/asm/dsl/map/definition.ts'
import type { RefOf } from '../../../../../src/asm/dsl/memory/reference.ts'
import type { Packet } from '../../../../../src/asm/dsl/packet/packet.ts'
import { type BuiltProgram, type ProgramOptions, tc } from '../../../../../src/asm/dsl/program/program.ts'
import { be16, be32, u8, u16, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'

/**
 * Random programs as network programs are: headers at constant and at computed offsets, their fields read, compared
 * and written, maps looked up, loops. The kernel's verifier accepts each of them, and so it must each optimised form.
 */
export type PacketStmt =
  | {
      readonly k: 'header'
      readonly at: number | 'computed'
      readonly otherwise: number
      readonly body: readonly PacketStmt[]
    }
  | { readonly k: 'read'; readonly field: HeaderField }
  | { readonly k: 'write'; readonly field: 'byte' | 'word'; readonly value: number | 'sum' }
  | { readonly k: 'bytes'; readonly values: readonly number[]; readonly verdict: number }
  | {
      readonly k: 'port'
      readonly value: number
      readonly yes: readonly PacketStmt[]
      readonly no: readonly PacketStmt[]
    }
  | { readonly k: 'sum'; readonly op: 'add' | 'xor' | 'and' | 'mul'; readonly value: number }
  | {
      readonly k: 'test'
      readonly op: 'lt' | 'ge' | 'eq' | 'has'
      readonly value: number
      readonly yes: readonly PacketStmt[]
      readonly no: readonly PacketStmt[]
    }
  | { readonly k: 'count'; readonly index: number | 'sum' }
  | {
      readonly k: 'table'
      readonly value: number
      readonly hit: readonly PacketStmt[]
      readonly miss: readonly PacketStmt[]
    }
  | { readonly k: 'loop'; readonly count: number; readonly body: readonly PacketStmt[] }
  | { readonly k: 'return'; readonly value: number }

type HeaderField = (typeof fields)[number]
const fields = ['byte', 'flags', 'word', 'port', 'address', 'tail'] as const

export const Header = struct('header', {
  byte: u8,
  flags: u8,
  word: u16,
  port: be16,
  tail: u16,
  address: be32,
})
const Key = struct('table_key', { sum: u32, word: u16, byte: u8, zero: u8 })
const Result = struct('result', { sum: u32, unused: u32, wide: u64 })
/** What the programs leave behind besides their verdict and the packet. */
export const results = array('results', Result, { maxEntries: 1 })
export const counts = array('counts', struct('count', { n: u64, last: u32, unused: u32 }), { maxEntries: 4 })
/** Empty, so that every lookup in it misses. */
export const table = hash('table', Key, struct('entry', { n: u64 }), { maxEntries: 4 })

const small = fc.nat({ max: 255 })
const verdict = fc.nat({ max: 3 })
const { body } = fc.letrec<{ body: PacketStmt[]; stmt: PacketStmt }>((tie) => ({
  body: fc.array(tie('stmt'), { maxLength: 4, depthIdentifier: 'packet' }),
  stmt: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'packet' },
    fc.record({ k: fc.constant('read' as const), field: fc.constantFrom(...fields) }),
    fc.record({
      k: fc.constant('sum' as const),
      op: fc.constantFrom('add' as const, 'xor' as const, 'and' as const, 'mul' as const),
      value: fc.nat({ max: 70_000 }),
    }),
    fc.record({
      k: fc.constant('write' as const),
      field: fc.constantFrom('byte' as const, 'word' as const),
      value: fc.oneof(small, fc.constant('sum' as const)),
    }),
    fc.record({
      k: fc.constant('bytes' as const),
      values: fc.array(fc.constantFrom(0, 0, 1, 7), { minLength: 2, maxLength: 5 }),
      verdict,
    }),
    fc.record({
      k: fc.constant('count' as const),
      index: fc.oneof(fc.nat({ max: 5 }), fc.constant('sum' as const)),
    }),
    fc.record({ k: fc.constant('return' as const), value: verdict }),
    fc.record({
      k: fc.constant('header' as const),
      at: fc.oneof(fc.nat({ max: 80 }), fc.constant('computed' as const)),
      otherwise: verdict,
      body: tie('body'),
    }),
    fc.record({
      k: fc.constant('header' as const),
      at: fc.nat({ max: 40 }),
      otherwise: fc.constant(0),
      body: tie('body'),
    }),
    fc.record({
      k: fc.constant('port' as const),
      value: fc.constantFrom(0, 80, 0x0700),
      yes: tie('body'),
      no: tie('body'),
    }),
    fc.record({
      k: fc.constant('test' as const),
      op: fc.constantFrom('lt' as const, 'ge' as const, 'eq' as const, 'has' as const),
      value: small,
      yes: tie('body'),
      no: tie('body'),
    }),
    fc.record({ k: fc.constant('table' as const), value: small, hit: tie('body'), miss: tie('body') }),
    fc.record({ k: fc.constant('loop' as const), count: fc.integer({ min: 1, max: 3 }), body: tie('body') }),
  ),
}))

/** A random network program. */
export const anyPacketProgram: fc.Arbitrary<readonly PacketStmt[]> = fc.array(
  fc.record({ k: fc.constant('header' as const), at: fc.nat({ max: 30 }), otherwise: verdict, body }),
  { minLength: 1, maxLength: 4 },
)

/** A packet of few different bytes, so that comparisons with constants hold now and then. */
export const anyPacket: fc.Arbitrary<Uint8Array> = fc
  .array(fc.constantFrom(0, 0, 0, 1, 7, 80, 255), { minLength: 64, maxLength: 100 })
  .map((bytes) => Uint8Array.from(bytes))

/** Compiles a random network program. */
export function buildPacketProgram(
  program: readonly PacketStmt[],
  options: ProgramOptions = {},
): BuiltProgram {
  return tc('packets', (b, skb) => new Build(b, b.packet(skb)).run(program), options)
}

class Build {
  readonly #b: ProgramBuilder<'sched_cls'>
  readonly #packet: Packet
  readonly #sum: LocalVariable<'u32'>
  readonly #headers: RefOf<typeof Header>[] = []

  constructor(b: ProgramBuilder<'sched_cls'>, packet: Packet) {
    this.#b = b
    this.#packet = packet
    this.#sum = b.variable(u32, 1)
  }

  run(program: readonly PacketStmt[]): void {
    this.#block(program)
    if (this.#b.emitter.reachable) this.#finish(0)
  }

  #finish(value: number): void {
    const b = this.#b
    b.lookup(results, 0, {
      hit: (result) => b.assign(result, { sum: this.#sum.get(), wide: this.#sum.get().toU64().shl(3) }),
    })
    b.return(value)
  }

  #block(body: readonly PacketStmt[]): void {
    for (const stmt of body) if (this.#b.emitter.reachable) this.#stmt(stmt)
  }

  #add(value: ReturnType<LocalVariable<'u32'>['get']>): void {
    this.#sum.set(this.#sum.get().mul(31).add(value))
  }

  #stmt(stmt: PacketStmt): void {
    const b = this.#b
    const header = this.#headers[this.#headers.length - 1]
    switch (stmt.k) {
      case 'header': {
        const at = stmt.at === 'computed' ? this.#sum.get().and(0x1f).shl(2) : stmt.at
        this.#headers.push(this.#packet.header(Header, { at, otherwise: () => this.#finish(stmt.otherwise) }))
        this.#block(stmt.body)
        this.#headers.pop()
        return
      }
      case 'read': {
        if (header === undefined) return
        const value = header[stmt.field]
        this.#add(('toHost' in value ? value.toHost() : value).toU32())
        return
      }
      case 'write':
        if (header === undefined) return
        b.assign(header, {
          [stmt.field]:
            stmt.value === 'sum'
              ? stmt.field === 'byte'
                ? this.#sum.get().toU8()
                : this.#sum.get().toU16()
              : stmt.value,
        })
        return
      case 'bytes': {
        if (header === undefined) return
        const wanted = [header.byte, header.flags].flatMap((value, i) => value.eq(stmt.values[i] ?? 0))
        const [first, second] = wanted
        if (first === undefined || second === undefined) return
        const rest = header.tail.eq(stmt.values[2] ?? 0).and(header.word.eq(stmt.values[3] ?? 0))
        b.if(first.and(second).and(rest), () => this.#finish(stmt.verdict))
        return
      }
      case 'port':
        if (header === undefined) return
        b.if(
          header.port.eq(stmt.value),
          () => this.#block(stmt.yes),
          () => this.#block(stmt.no),
        )
        return
      case 'sum':
        this.#sum.set(this.#sum.get()[stmt.op](stmt.value))
        return
      case 'test':
        b.if(
          this.#sum.get()[stmt.op](stmt.value),
          () => this.#block(stmt.yes),
          () => this.#block(stmt.no),
        )
        return
      case 'count': {
        const index = stmt.index === 'sum' ? this.#sum.get().and(7) : stmt.index
        b.lookup(counts, index, {
          hit: (count) => b.assign(count, { n: count.n.add(1), last: this.#sum.get() }),
        })
        return
      }
      case 'table':
        b.lookup(
          table,
          { sum: this.#sum.get(), word: stmt.value, byte: this.#sum.get().toU8(), zero: 0 },
          { hit: () => this.#block(stmt.hit), miss: () => this.#block(stmt.miss) },
        )
        return
      case 'loop':
        b.for(stmt.count, (index) => {
          this.#add(index)
          this.#block(stmt.body)
        })
        return
      case 'return':
        this.#finish(stmt.value)
        return
    }
  }
}
