import { accessSizeOf, atomicCode, atomicFetchBit } from '../isa/opcodes.ts'
import { load, store } from './access.ts'
import { MemoryAccessError, UnsupportedInstructionError } from './errors.ts'
import type { Source, Step } from './step.ts'
import { Word } from './word.ts'

/** The step of an atomic operation (RFC 9669 section 5.3); nothing else runs at the same time here. */
export function atomicStep(source: Source): Step {
  const { instruction, src, dst: base, next, core } = source
  const { imm, offset } = instruction
  if (imm === atomicCode.load_acquire) return load(source, offset)
  if (imm === atomicCode.store_release) return store(source, offset, src)
  const size = accessSizeOf(instruction.opcode)
  const [r0] = core.registers
  const combine = combination(imm)
  if (combine === undefined || r0 === undefined || size < 4)
    throw new UnsupportedInstructionError(`atomic operation 0x${imm.toString(16)} on ${size} bytes`, source)
  const exchange = imm === atomicCode.cmpxchg
  const receiver = exchange ? r0 : (imm & atomicFetchBit) !== 0 ? src : undefined
  const wide = size === 8
  const old = new Word()
  return () => {
    const at = (base.lo + offset) | 0
    const region = core.memory.find(at, base.hi, size, true, source)
    const from = at - region.base
    if (from % size !== 0)
      throw new MemoryAccessError(
        `atomic operation on ${size} bytes at offset ${from} of ${region.name}`,
        BigInt(at),
        source,
        `It must be aligned to ${size} bytes.`,
      )
    const { view } = region
    old.lo = view.getInt32(from, true)
    old.hi = wide ? view.getInt32(from + 4, true) : 0
    const equal = old.lo === r0.lo && (!wide || old.hi === r0.hi)
    if (!exchange || equal) {
      const carry = imm === atomicCode.add || imm === atomicCode.fetch_add ? carryOf(old.lo, src.lo) : 0
      view.setInt32(from, combine(old.lo, src.lo, 0), true)
      if (wide) view.setInt32(from + 4, combine(old.hi, src.hi, carry), true)
    }
    if (receiver !== undefined) {
      receiver.lo = old.lo
      receiver.hi = old.hi
    }
    return next
  }
}

type Combine = (old: number, value: number, carry: number) => number

/** What an operation stores, by halves. */
function combination(operation: number): Combine | undefined {
  switch (operation) {
    case atomicCode.add:
    case atomicCode.fetch_add:
      return (old, value, carry) => (old + value + carry) | 0
    case atomicCode.or:
    case atomicCode.fetch_or:
      return (old, value) => old | value
    case atomicCode.and:
    case atomicCode.fetch_and:
      return (old, value) => old & value
    case atomicCode.xor:
    case atomicCode.fetch_xor:
      return (old, value) => old ^ value
    case atomicCode.xchg:
    case atomicCode.cmpxchg:
      return (_, value) => value
    default:
      return undefined
  }
}

function carryOf(a: number, b: number): number {
  return ((a + b) | 0) >>> 0 < a >>> 0 ? 1 : 0
}
