/**
 * What a register or a spill slot holds, as far as the instructions before it say. `id` tells values of one origin: a
 * test of one of them says something about all.
 */
export type RegisterValue =
  /** Nothing that may be read. */
  | { readonly kind: 'unset' }
  /** Something that could be anything: a pointer of an unknown kind, or a number. */
  | { readonly kind: 'unknown' }
  /** A number of at most `bits` bits, unsigned; or a known one, 0 to 2^64-1. */
  | { readonly kind: 'scalar'; readonly bits: number; readonly constant?: bigint }
  | { readonly kind: 'context'; readonly offset: number | undefined }
  /** `offset` bytes from the start of the packet (`id` −1), or from a place in it that only the run knows. */
  | {
      readonly kind: 'packet' | 'packetMeta'
      readonly id: number
      readonly offset: number
      /** Bytes from that start (or place) that have been compared with the packet's end. */
      readonly proven: number
    }
  | { readonly kind: 'packetEnd' }
  /** Something that pointed into the packet before a call that may have moved it. */
  | { readonly kind: 'stalePacket' }
  | { readonly kind: 'map'; readonly map: string; readonly nullable: boolean; readonly id: number }
  | {
      readonly kind: 'mapValue'
      /** Empty when more than one is possible. */
      readonly map: string
      readonly offset: number | undefined
      readonly nullable: boolean
      readonly id: number
    }
  /** `offset` from r10 of the function with this index. */
  | { readonly kind: 'stack'; readonly offset: number | undefined; readonly function: number }
  | {
      readonly kind: 'kernelObject'
      /** Such as `nf_conn`; empty when not known. */
      readonly type: string
      readonly nullable: boolean
      readonly id: number
    }
  /** Memory that a helper handed out, such as a record of a ring buffer. */
  | { readonly kind: 'memory'; readonly what: string; readonly nullable: boolean; readonly id: number }
  | { readonly kind: 'function'; readonly name: string }

/** `id` of packet pointers of which nothing but that is known: no two of them have anything to do with each other. */
export const somewhere = -2

export const unset: RegisterValue = { kind: 'unset' }
export const unknown: RegisterValue = { kind: 'unknown' }

/** A number of at most so many bits. */
export function scalar(bits = 64): RegisterValue {
  return { kind: 'scalar', bits: Math.max(1, Math.min(64, bits)) }
}

/** A known number; wrapped to 64 bits. */
export function constant(value: bigint | number): RegisterValue {
  const wrapped = BigInt.asUintN(64, BigInt(value))
  return { kind: 'scalar', bits: bitLength(wrapped), constant: wrapped }
}

/** Bits that a number takes, at least 1. */
export function bitLength(value: bigint): number {
  return value.toString(2).length
}

/** Whether nothing distinguishes two values. */
export function sameValue(a: RegisterValue, b: RegisterValue): boolean {
  if (a === b) return true
  if (a.kind !== b.kind) return false
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  return Object.keys({ ...x, ...y }).every((key) => x[key] === y[key])
}

/** What a register holds where two ways meet. */
export function join(a: RegisterValue, b: RegisterValue): RegisterValue {
  if (sameValue(a, b)) return a
  if (a.kind === 'unset' || b.kind === 'unset') return unset
  if (a.kind === 'scalar' && b.kind === 'scalar') return scalar(Math.max(a.bits, b.bits))
  // A null pointer that is known to be one comes from the other side of a test.
  if (isNull(a)) return joinNull(b)
  if (isNull(b)) return joinNull(a)
  if (a.kind === 'context' && b.kind === 'context') return { kind: 'context', offset: undefined }
  if (a.kind === 'packet' && b.kind === 'packet' && a.id === b.id && a.offset === b.offset)
    return { ...a, proven: Math.min(a.proven, b.proven) }
  if (a.kind === 'packet' && b.kind === 'packet') return { ...a, id: somewhere, offset: 0, proven: 0 }
  if (a.kind === 'stalePacket' || b.kind === 'stalePacket')
    return isPacket(a) && isPacket(b) ? { kind: 'stalePacket' } : unknown
  if (a.kind === 'mapValue' && b.kind === 'mapValue')
    return {
      kind: 'mapValue',
      map: a.map === b.map ? a.map : '',
      offset: a.offset === b.offset ? a.offset : undefined,
      nullable: a.nullable || b.nullable,
      id: a.id === b.id ? a.id : -1,
    }
  if (a.kind === 'map' && b.kind === 'map' && a.map === b.map)
    return { ...a, nullable: a.nullable || b.nullable, id: a.id === b.id ? a.id : -1 }
  if (a.kind === 'kernelObject' && b.kind === 'kernelObject')
    return {
      kind: 'kernelObject',
      type: a.type === b.type ? a.type : '',
      nullable: a.nullable || b.nullable,
      id: a.id === b.id ? a.id : -1,
    }
  if (a.kind === 'memory' && b.kind === 'memory' && a.what === b.what)
    return { ...a, nullable: a.nullable || b.nullable, id: -1 }
  if (a.kind === 'stack' && b.kind === 'stack' && a.function === b.function)
    return { ...a, offset: undefined }
  return unknown
}

function joinNull(value: RegisterValue): RegisterValue {
  return isNullable(value) ? { ...value, nullable: true, id: -1 } : unknown
}

function isNull(value: RegisterValue): boolean {
  return value.kind === 'scalar' && value.constant === 0n
}

function isPacket({ kind }: RegisterValue): boolean {
  return kind === 'packet' || kind === 'packetEnd' || kind === 'packetMeta' || kind === 'stalePacket'
}

/** A value that may be a null pointer in principle. */
export type NullableValue = Extract<RegisterValue, { readonly nullable: boolean }>

/** Whether a value is of a kind that may be null. */
export function isNullable(value: RegisterValue): value is NullableValue {
  return 'nullable' in value
}

/**
 * A value in a few words:
 *
 *     ctx    packet+14 (34 proven)    value of lb_services or null    stack-40    nf_conn *    u16    6
 *
 * @param nameFrame names the function whose stack it is, where that is not the one being described
 */
export function describeValue(
  value: RegisterValue,
  nameFrame: (number: number) => string = () => '',
): string {
  switch (value.kind) {
    case 'unset':
      return 'unset'
    case 'unknown':
      return '?'
    case 'scalar':
      return value.constant === undefined ? `u${value.bits}` : describeConstant(value.constant)
    case 'context':
      return `ctx${signedOffset(value.offset)}`
    case 'packet':
    case 'packetMeta': {
      const start = value.kind === 'packet' ? 'packet' : 'metadata'
      const place = value.id === somewhere ? '+?' : value.id < 0 ? '' : '+x'
      const proven = value.proven > 0 ? ` (${value.proven} proven)` : ''
      return `${start}${place}${signedOffset(value.offset)}${proven}`
    }
    case 'packetEnd':
      return 'packet end'
    case 'stalePacket':
      return 'stale packet pointer'
    case 'map':
      return `map ${value.map}${orNull(value)}`
    case 'mapValue':
      return `value of ${value.map || 'a map'}${signedOffset(value.offset)}${orNull(value)}`
    case 'stack':
      return `stack${signedOffset(value.offset)}${ofFrame(nameFrame(value.function))}`
    case 'kernelObject':
      return `${value.type || 'kernel object'} *${orNull(value)}`
    case 'memory':
      return `${value.what}${orNull(value)}`
    case 'function':
      return `&${value.name}`
  }
}

function ofFrame(name: string): string {
  return name === '' ? '' : ` of ${name}`
}

function orNull({ nullable }: NullableValue): string {
  return nullable ? ' or null' : ''
}

function signedOffset(offset: number | undefined): string {
  if (offset === undefined) return '+?'
  return offset === 0 ? '' : offset < 0 ? `${offset}` : `+${offset}`
}

/** Small numbers as such, those that are negative as a signed one of 32 or 64 bits too; others in hexadecimal. */
function describeConstant(value: bigint): string {
  if (value < 0x1_0000n) return `${value}`
  const signed = BigInt.asIntN(64, value)
  if (signed < 0n && signed > -0x1_0000n) return `${signed}`
  return `0x${value.toString(16)}`
}
