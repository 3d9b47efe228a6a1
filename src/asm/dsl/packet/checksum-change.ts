import type { Value } from '../../ir/graph.ts'
import type { Variable } from '../../ir/ssa-builder.ts'
import { be16, type NetworkName, u32 } from '../../layout/scalar.ts'
import type { ControlFlow } from '../control/control-flow.ts'
import { Int, literal, Net } from '../core/values.ts'
import { Wide, wideHalves } from '../core/wide.ts'

/** A number that stands in a packet at an even offset, and what is put in its place. */
type NetValue<N extends NetworkName> = Net<N> | (N extends 'be64' ? bigint : number)

/**
 * What changes in the data that an Internet checksum covers (RFC 1071), as the sum of the new 16-bit words minus the
 * sum of the old ones. It does not depend on byte order, so nothing is swapped. Immutable.
 */
export class ChecksumChange {
  readonly #b: ControlFlow
  readonly #sum: Value | undefined
  /** The largest sum possible: what decides how often its carries must be added. */
  readonly #bound: bigint

  /** Made by `b.checksumChange()`. */
  constructor(b: ControlFlow, sum?: Value, bound = 0n) {
    this.#b = b
    this.#sum = sum
    this.#bound = bound
  }

  /** A field that begins at an even byte of what the checksum covers: a port, a length, an address. */
  replace<N extends NetworkName>(old: Net<N>, fresh: NetValue<N>): ChecksumChange
  replace(old: Wide, fresh: Wide | bigint): ChecksumChange
  replace(old: Net | Wide, fresh: Net | Wide | number | bigint): ChecksumChange {
    const { emitter } = this.#b
    if (old instanceof Wide) {
      const [before, after] = [old.ir, wideHalves(emitter, fresh as Wide | bigint)]
      return this.#replaceLong(before[0], after[0]).#replaceLong(before[1], after[1])
    }
    const value = fresh instanceof Net ? fresh.ir : literal(emitter, fresh as number | bigint, old.type)
    if (old.type.size === 8) return this.#replaceLong(old.ir, value)
    return this.#replaceWord(
      this.#long(old.ir),
      this.#long(value),
      old.type.size === 2 ? 0xffffn : 0xffff_ffffn,
    )
  }

  /**
   * A single byte, such as a TTL.
   *
   * @param place whether it is the `first` or the `second` byte of a 16-bit word: at an even or at an odd offset
   */
  replaceByte(old: Int<'u8'>, fresh: Int<'u8'> | number, place: 'first' | 'second'): ChecksumChange {
    const { emitter } = this.#b
    const shifted = (value: Int<'u8'>): Value => this.#long((place === 'first' ? value : value.shl(8)).ir)
    const after =
      typeof fresh === 'number' ? new Int(emitter, old.type, literal(emitter, fresh, old.type)) : fresh
    return this.#replaceWord(shifted(old), shifted(after), 0xffffn)
  }

  /**
   * The checksum field after the change (RFC 1624 section 3), for fields that hold a finished checksum: that of the
   * IPv4 header always; that of TCP, UDP and ICMP only in packets whose checksum is not left to the network card.
   *
   * @param options.zeroMeansNone as in UDP: 0 stays 0, and a checksum that comes out as 0 is written as 0xffff
   */
  apply(checksum: Net<'be16'>, options: { readonly zeroMeansNone?: boolean } = {}): Net<'be16'> {
    const { emitter } = this.#b
    const finished = (): Net<'be16'> => {
      const ones = emitter.constant(0xffffn, 'i32')
      const flipped = emitter.emit({ kind: 'binary', operator: 'xor' }, 'i32', [checksum.ir, ones])
      const sum = this.#add(this.#long(flipped), 0xffffn).#folded()
      return new Net(emitter, be16, emitter.emit({ kind: 'binary', operator: 'xor' }, 'i32', [sum, ones]))
    }
    if (options.zeroMeansNone !== true) return finished()
    const result: Variable = { name: 'checksum', type: 'i32' }
    emitter.ssa.write(result, checksum.ir)
    this.#b.if(checksum.ne(0), () => {
      const value = finished()
      emitter.ssa.write(result, value.ir)
      this.#b.if(value.eq(0), () => {
        emitter.ssa.write(result, emitter.constant(0xffffn, 'i32'))
      })
    })
    return new Net(emitter, be16, emitter.ssa.read(result))
  }

  /**
   * The checksum field after a change of the pseudo header (addresses, protocol, length), for packets whose checksum is
   * left to the network card (CHECKSUM_PARTIAL): their field holds the sum of the pseudo header, which is not
   * complemented. Changes of anything else leave the field of such a packet as it is.
   */
  applyToPseudoHeaderSum(checksum: Net<'be16'>): Net<'be16'> {
    return new Net(this.#b.emitter, be16, this.#add(this.#long(checksum.ir), 0xffffn).#folded())
  }

  /** The change as the kernel's helpers take it (`bpf_csum_diff`, `bpf_csum_update`): a sum of 32 bits. */
  get difference(): Int<'u32'> {
    const { emitter } = this.#b
    const folded = this.#foldedTo(32n)
    return new Int(emitter, u32, emitter.emit({ kind: 'truncate' }, 'i32', [folded]))
  }

  #replaceLong(before: Value, after: Value): ChecksumChange {
    const [low, high] = [this.#halves(before), this.#halves(after)]
    return this.#replaceWord(low[0], high[0], 0xffff_ffffn).#replaceWord(low[1], high[1], 0xffff_ffffn)
  }

  #halves(value: Value): readonly [Value, Value] {
    const { emitter } = this.#b
    return [
      emitter.emit({ kind: 'binary', operator: 'and' }, 'i64', [
        value,
        emitter.constant(0xffff_ffffn, 'i64'),
      ]),
      emitter.emit({ kind: 'binary', operator: 'rsh' }, 'i64', [value, emitter.constant(32n, 'i64')]),
    ]
  }

  /** Subtracting is adding the complement: the sum is one modulo 0xffff, and so modulo 0xffffffff. */
  #replaceWord(before: Value, after: Value, ones: bigint): ChecksumChange {
    const { emitter } = this.#b
    const mask = emitter.constant(ones, 'i64')
    const complement = emitter.emit({ kind: 'binary', operator: 'xor' }, 'i64', [before, mask])
    return this.#add(complement, ones).#add(after, ones)
  }

  #add(value: Value, bound: bigint): ChecksumChange {
    const { emitter } = this.#b
    const sum =
      this.#sum === undefined
        ? value
        : emitter.emit({ kind: 'binary', operator: 'add' }, 'i64', [this.#sum, value])
    return new ChecksumChange(this.#b, sum, this.#bound + bound)
  }

  #long(value: Value): Value {
    return value.type === 'i64'
      ? value
      : this.#b.emitter.emit({ kind: 'extend', signed: false }, 'i64', [value])
  }

  #folded(): Value {
    return this.#b.emitter.emit({ kind: 'truncate' }, 'i32', [this.#foldedTo(16n)])
  }

  /** Adds the carries back, until the sum has no more than `bits` bits. */
  #foldedTo(bits: bigint): Value {
    const { emitter } = this.#b
    let sum = this.#sum ?? emitter.constant(0n, 'i64')
    let bound = this.#bound
    while (bound >> bits > 0n) {
      const step = bound >> 34n > 0n ? 32n : bits
      const ones = (1n << step) - 1n
      const carries = emitter.emit({ kind: 'binary', operator: 'rsh' }, 'i64', [
        sum,
        emitter.constant(step, 'i64'),
      ])
      const rest = emitter.emit({ kind: 'binary', operator: 'and' }, 'i64', [
        sum,
        emitter.constant(ones, 'i64'),
      ])
      sum = emitter.emit({ kind: 'binary', operator: 'add' }, 'i64', [carries, rest])
      bound = (bound >> step) + ones < bound ? (bound >> step) + ones : ones
    }
    return sum
  }
}
