import type { StackAccess } from './register-values.ts'

/** What lies somewhere on a function's stack. */
export interface StackObject {
  /** Bytes from r10, negative: its first byte. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
  /** `spill`: a register's value, kept while the register is needed otherwise; `object`: a variable. */
  readonly kind: 'spill' | 'object'
  /** What it is used for, as far as that shows: `key of lb_frontends`; or empty. */
  readonly name: string
  /** Instructions that use it, ascending. */
  readonly uses: readonly number[]
}

/** One function's stack. */
export interface StackMap {
  /** Bytes in use, from r10 down. */
  readonly depth: number
  /** From r10 down. */
  readonly objects: readonly StackObject[]
}

/**
 * Recovers which object or spill slot lies at which bytes of a function's stack from the accesses to it: what overlaps
 * belongs together, what is passed on by address reaches as far as its user says, or to where the next thing begins.
 */
export function stackMap(accesses: readonly StackAccess[]): StackMap {
  const objects = recover(accesses.filter(({ offset }) => offset < 0)).sort((a, b) => b.offset - a.offset)
  return { depth: Math.max(0, ...objects.map(({ offset }) => -offset)), objects }
}

interface Range {
  start: number
  end: number
  accesses: StackAccess[]
}

function recover(accesses: readonly StackAccess[]): StackObject[] {
  const ranges: Range[] = []
  // Objects first: what is passed on, with the size that its user tells.
  for (const access of accesses.filter(({ how }) => how === 'pass'))
    add(ranges, access, Math.max(1, access.size))
  // An address without a size reaches up to the next object; fields that are stored before say how far at least.
  const starts = [...new Set(ranges.map(({ start }) => start))].sort((a, b) => a - b)
  for (const access of accesses.filter(({ how }) => how !== 'pass')) {
    const owner = starts.findLast((start) => start <= access.offset)
    const open = ranges.find(({ start }) => start === owner)
    const unsized = open?.accesses.every(({ how, size }) => how !== 'pass' || size === 0) === true
    const next = starts.find((start) => start > (owner ?? 0)) ?? 0
    const isSpill = access.how === 'spill' || access.how === 'fill'
    if (open !== undefined && unsized && !isSpill && access.offset - open.end < 8 && access.offset < next) {
      open.end = Math.max(open.end, access.offset + access.size)
      open.accesses.push(access)
    } else add(ranges, access, access.size)
  }
  return ranges.map(({ start, end, accesses: own }) => ({
    offset: start,
    size: end - start,
    kind: own.every(({ how }) => how === 'spill' || how === 'fill')
      ? ('spill' as const)
      : ('object' as const),
    name: [...new Set(own.map(({ what }) => what).filter((what) => what !== ''))].slice(0, 3).join(', '),
    uses: usesOf(own),
  }))
}

/** Puts an access into the range it overlaps with, which may join several, or into a new one. */
function add(ranges: Range[], access: StackAccess, size: number): void {
  const range: Range = { start: access.offset, end: access.offset + size, accesses: [access] }
  for (const other of ranges.filter(({ start, end }) => start < range.end && end > range.start)) {
    range.start = Math.min(range.start, other.start)
    range.end = Math.max(range.end, other.end)
    range.accesses.push(...other.accesses)
    ranges.splice(ranges.indexOf(other), 1)
  }
  ranges.push(range)
}

function usesOf(accesses: readonly StackAccess[]): number[] {
  return [...new Set(accesses.map(({ index }) => index))].sort((a, b) => a - b)
}
