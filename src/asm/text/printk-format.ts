/** What a conversion of a kernel format string takes and how wide it is. */
export interface Conversion {
  /** As written: `%d`, `%-8llx`, `%pI4`. */
  readonly text: string
  /**
   * `signed`, `unsigned`, `hex` and `HEX` are numbers of `bits`; `character`; `string` is memory with a zero byte at
   * its end; `ip4` and `ip6` are memory with an address in network order; `pointer` and `symbol` are addresses.
   */
  readonly kind:
    | 'signed'
    | 'unsigned'
    | 'hex'
    | 'HEX'
    | 'character'
    | 'string'
    | 'ip4'
    | 'ip6'
    | 'pointer'
    | 'symbol'
  /** 32 or 64: what of the argument is printed. */
  readonly bits: 32 | 64
  /** Characters at least; 0 without a limit. */
  readonly width: number
  readonly zeroes: boolean
  readonly left: boolean
}

/** A format string: texts, and what goes between them. */
export type FormatPart = string | Conversion

const numbers = { d: 'signed', i: 'signed', u: 'unsigned', x: 'hex', X: 'HEX' } as const
const syntax =
  /^%(?:(?<percent>%)|(?<flags>[0 +-]*)(?<width>[1-9]\d*)?(?:p(?<pointer>[iI][46]|[KxsSB]|)(?![A-Za-z0-9])|(?<long>l{0,2})(?<number>[diuxX])|(?<single>[sc])))/

/**
 * Takes a format string of `bpf_trace_printk` and its like apart, as the kernel does (`bpf_bprintf_prepare` in
 * kernel/bpf/helpers.c).
 *
 * @throws {RangeError} naming the conversion that the kernel does not have
 */
export function parseFormat(format: string): FormatPart[] {
  const parts: FormatPart[] = []
  let text = ''
  for (let rest = format; rest !== ''; ) {
    if (!rest.startsWith('%')) {
      text += rest[0]
      rest = rest.slice(1)
      continue
    }
    const match = syntax.exec(rest)
    if (match === null) throw new RangeError(`there is no conversion "${rest.slice(0, 4)}"`)
    rest = rest.slice(match[0].length)
    const { percent, flags = '', width, pointer, long, number, single } = match.groups ?? {}
    if (percent !== undefined) {
      text += '%'
      continue
    }
    if (text !== '') parts.push(text)
    text = ''
    parts.push({
      text: match[0],
      ...kindOf(pointer, long, number, single),
      width: Number(width ?? 0),
      zeroes: flags.includes('0'),
      left: flags.includes('-'),
    })
  }
  if (text !== '') parts.push(text)
  return parts
}

function kindOf(
  pointer: string | undefined,
  long: string | undefined,
  number: string | undefined,
  single: string | undefined,
): Pick<Conversion, 'kind' | 'bits'> {
  if (number !== undefined)
    return {
      kind: numbers[number as keyof typeof numbers],
      bits: long === '' || long === undefined ? 32 : 64,
    }
  if (single !== undefined)
    return { kind: single === 's' ? 'string' : 'character', bits: single === 's' ? 64 : 32 }
  if (pointer === 'i4' || pointer === 'I4') return { kind: 'ip4', bits: 64 }
  if (pointer === 'i6' || pointer === 'I6') return { kind: 'ip6', bits: 64 }
  return { kind: pointer === 's' || pointer === 'S' || pointer === 'B' ? 'symbol' : 'pointer', bits: 64 }
}
