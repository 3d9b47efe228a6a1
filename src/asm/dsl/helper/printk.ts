import type { Value } from '../../ir/graph.ts'
import { u64 } from '../../layout/scalar.ts'
import { sizeOf } from '../../layout/struct.ts'
import { type Conversion, parseFormat } from '../../text/printk-format.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, Net, widenTo } from '../core/values.ts'
import { textData } from '../map/global.ts'
import type { GlobalStatements } from '../map/global-statements.ts'
import { addressOf, type Located, location, type Space } from '../memory/location.ts'
import { checkHelper } from './check-helper.ts'
import { helpers } from './helpers.ts'

/** An argument for `%d` and its like. */
type Narrow = number | Int<'u8' | 'u16' | 'u32' | 's8' | 's16' | 's32'>
/** An argument for `%lld` and its like. */
type Wide = number | bigint | Int
/** An argument for `%pI4`: an address as a value, or four bytes in memory. */
type Address4 = Net<'be32'> | Located<Space>

/** The arguments that a format string asks for; any, where it is not a literal. */
export type PrintkArguments<F extends string> = string extends F ? readonly unknown[] : Taken<F>

type Taken<F extends string> = F extends `${string}%${infer R}` ? AfterPercent<R> : []
type AfterPercent<R extends string> = R extends `%${infer T}`
  ? Taken<T>
  : R extends `${'0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | ' ' | '+' | '-'}${infer T}`
    ? AfterPercent<T>
    : R extends `p${'i4' | 'I4'}${infer T}`
      ? [Address4, ...Taken<T>]
      : R extends `p${'i6' | 'I6'}${infer T}`
        ? [Located<Space>, ...Taken<T>]
        : R extends `p${infer T}`
          ? [Wide, ...Taken<T>]
          : R extends `s${infer T}`
            ? [Located<Space>, ...Taken<T>]
            : R extends `l${'l' | ''}${'d' | 'i' | 'u' | 'x' | 'X'}${infer T}`
              ? [Wide, ...Taken<T>]
              : R extends `${'d' | 'i' | 'u' | 'x' | 'X' | 'c'}${infer T}`
                ? [Narrow, ...Taken<T>]
                : [never]

/** As many arguments as `bpf_trace_printk` takes, and `bpf_trace_vprintk` (MAX_BPRINTF_VARARGS). */
const fewArguments = 3
const mostArguments = 12

/** Emits `b.printk`. @throws {BuildError} when arguments do not fit the format */
export function printk(b: GlobalStatements, format: string, args: readonly unknown[]): void {
  const { emitter } = b
  const conversions = conversionsOf(format)
  if (conversions.length !== args.length)
    throw new BuildError(
      'FORMAT',
      `the format asks for ${count(conversions.length)}, ${args.length} ${args.length === 1 ? 'is' : 'are'} given`,
      callerPosition(),
    )
  if (args.length > mostArguments)
    throw new BuildError('FORMAT', `a line takes ${mostArguments} arguments at most`, callerPosition())
  const values = conversions.map((conversion, i) => argumentOf(b, conversion, args[i], i + 1))
  const text = textData(format)
  const start = [b.globalAddress(text), emitter.constant(BigInt(text.value.size), 'i32')]
  if (args.length <= fewArguments) {
    checkHelper(emitter, 'trace_printk')
    emitter.call(helpers.trace_printk, 'none', [...start, ...values])
    return
  }
  checkHelper(emitter, 'trace_vprintk')
  const size = 8 * values.length
  const memory = emitter.ssa.frameObject('printk arguments', size, 8)
  const pointer = emitter.emit({ kind: 'frame', object: memory }, 'ptr')
  values.forEach((value, i) => {
    emitter.emit({ kind: 'store', size: 8, offset: 8 * i, space: 'frame' }, 'none', [pointer, value])
  })
  emitter.call(helpers.trace_vprintk, 'none', [...start, pointer, emitter.constant(BigInt(size), 'i32')])
}

function conversionsOf(format: string): Conversion[] {
  try {
    return parseFormat(format).filter((part) => typeof part !== 'string')
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new BuildError('FORMAT', error.message, callerPosition(), {
      hint: 'There are %d %u %x (32 bits), %lld %llu %llx (64 bits), %c, %s, %p, %ps, %pI4, %pI6, %%.',
    })
  }
}

function count(number: number): string {
  return `${number} ${number === 1 ? 'argument' : 'arguments'}`
}

/** An argument as the 64 bits that the helper takes. */
function argumentOf(
  b: GlobalStatements,
  { kind, bits, text }: Conversion,
  arg: unknown,
  place: number,
): Value {
  const { emitter } = b
  const wrong = (what: string, hint: string): BuildError =>
    new BuildError(
      'FORMAT',
      `argument ${place} is ${what}, ${text} prints ${printed(kind, bits)}`,
      callerPosition(),
      {
        hint,
      },
    )
  if (kind === 'ip4' && arg instanceof Net && arg.type.name === 'be32') {
    const object = emitter.ssa.frameObject('address', 4, 8)
    const pointer = emitter.emit({ kind: 'frame', object }, 'ptr')
    emitter.emit({ kind: 'store', size: 4, offset: 0, space: 'frame' }, 'none', [pointer, arg.ir])
    return pointer
  }
  if (kind === 'string' || kind === 'ip4' || kind === 'ip6') {
    if (typeof arg !== 'object' || arg === null || !(location in arg))
      throw wrong('not in memory', `Pass the struct or array that holds it.`)
    const located = arg as Located<Space>
    const size = sizeOf(located[location].type)
    const needed = kind === 'ip6' ? 16 : kind === 'ip4' ? 4 : 1
    if (size < needed) throw wrong(`${size} bytes`, `Pass ${needed} bytes.`)
    return addressOf(located)
  }
  if (typeof arg === 'number' || typeof arg === 'bigint')
    return literal(emitter, BigInt.asUintN(64, BigInt(arg)), u64)
  if (arg instanceof Net) throw wrong(`a ${arg.type.name}`, 'Convert it with toHost().')
  if (!(arg instanceof Int)) throw wrong('no number', 'Pass a value of the program or a literal.')
  if (bits === 32 && arg.type.size === 8)
    throw wrong(`a ${arg.type.name}`, `Write %ll${text.slice(-1)}, or narrow it with toU32().`)
  return widenTo(emitter, arg, u64)
}

function printed(kind: Conversion['kind'], bits: number): string {
  switch (kind) {
    case 'string':
      return 'a string'
    case 'ip4':
      return 'an IPv4 address'
    case 'ip6':
      return 'an IPv6 address'
    case 'pointer':
    case 'symbol':
      return 'an address'
    case 'character':
      return 'a character'
    default:
      return `a host-order number of ${bits} bits`
  }
}
