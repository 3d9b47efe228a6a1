import { aluCode, instructionClass } from '../isa/opcodes.ts'
import { UnsupportedInstructionError } from './errors.ts'
import type { Source, Step } from './step.ts'
import {
  divide,
  divideSigned,
  multiply,
  remainder,
  remainderSigned,
  swap16,
  swap32,
  type Word,
} from './word.ts'

/** The step of an arithmetic instruction (RFC 9669 section 4.1 and 4.2). */
export function aluStep(source: Source): Step {
  const { opcode } = source.instruction
  if ((opcode & 0xf0) === aluCode.end) return byteOrderStep(source)
  return (opcode & 0x07) === instructionClass.alu64 ? step64(source) : step32(source)
}

function step64(source: Source): Step {
  const { dst, operand: src, next, instruction } = source
  const signed = instruction.offset === 1
  switch (instruction.opcode & 0xf0) {
    case aluCode.add:
      return () => {
        const lo = (dst.lo + src.lo) | 0
        const carry = lo >>> 0 < dst.lo >>> 0 ? 1 : 0
        dst.hi = (dst.hi + src.hi + carry) | 0
        dst.lo = lo
        return next
      }
    case aluCode.sub:
      return () => {
        const borrow = dst.lo >>> 0 < src.lo >>> 0 ? 1 : 0
        dst.hi = (dst.hi - src.hi - borrow) | 0
        dst.lo = (dst.lo - src.lo) | 0
        return next
      }
    case aluCode.mul:
      return () => {
        multiply(dst, src)
        return next
      }
    case aluCode.div:
      return applying(signed ? divideSigned : divide, dst, src, next)
    case aluCode.mod:
      return applying(signed ? remainderSigned : remainder, dst, src, next)
    case aluCode.or:
      return () => {
        dst.lo |= src.lo
        dst.hi |= src.hi
        return next
      }
    case aluCode.and:
      return () => {
        dst.lo &= src.lo
        dst.hi &= src.hi
        return next
      }
    case aluCode.xor:
      return () => {
        dst.lo ^= src.lo
        dst.hi ^= src.hi
        return next
      }
    case aluCode.lsh:
      return () => {
        shiftLeft(dst, src.lo & 63)
        return next
      }
    case aluCode.rsh:
      return () => {
        shiftRight(dst, src.lo & 63)
        return next
      }
    case aluCode.arsh:
      return () => {
        shiftRightSigned(dst, src.lo & 63)
        return next
      }
    case aluCode.neg:
      return () => {
        dst.hi = dst.lo === 0 ? -dst.hi | 0 : ~dst.hi
        dst.lo = -dst.lo | 0
        return next
      }
    case aluCode.mov:
      return move64(source)
    default:
      throw new UnsupportedInstructionError('unknown 64-bit operation', source)
  }
}

function move64(source: Source): Step {
  const { dst, operand: src, next, instruction } = source
  switch (instruction.offset) {
    case 0:
      return () => {
        dst.lo = src.lo
        dst.hi = src.hi
        return next
      }
    case 8:
    case 16:
    case 32: {
      const shift = 32 - instruction.offset
      return () => {
        dst.lo = (src.lo << shift) >> shift
        dst.hi = dst.lo >> 31
        return next
      }
    }
    default:
      throw new UnsupportedInstructionError('the interpreter has no arenas to cast addresses of', source)
  }
}

function step32(source: Source): Step {
  const { dst, operand: src, next, instruction } = source
  const signed = instruction.offset === 1
  switch (instruction.opcode & 0xf0) {
    case aluCode.add:
      return low(dst, next, () => dst.lo + src.lo)
    case aluCode.sub:
      return low(dst, next, () => dst.lo - src.lo)
    case aluCode.mul:
      return low(dst, next, () => Math.imul(dst.lo, src.lo))
    case aluCode.div:
      return signed
        ? low(dst, next, () => (src.lo === 0 ? 0 : dst.lo / src.lo))
        : low(dst, next, () => (src.lo === 0 ? 0 : (dst.lo >>> 0) / (src.lo >>> 0)))
    case aluCode.mod:
      return signed
        ? low(dst, next, () => (src.lo === 0 ? dst.lo : dst.lo % src.lo))
        : low(dst, next, () => (src.lo === 0 ? dst.lo : (dst.lo >>> 0) % (src.lo >>> 0)))
    case aluCode.or:
      return low(dst, next, () => dst.lo | src.lo)
    case aluCode.and:
      return low(dst, next, () => dst.lo & src.lo)
    case aluCode.xor:
      return low(dst, next, () => dst.lo ^ src.lo)
    case aluCode.lsh:
      return low(dst, next, () => dst.lo << src.lo)
    case aluCode.rsh:
      return low(dst, next, () => dst.lo >>> src.lo)
    case aluCode.arsh:
      return low(dst, next, () => dst.lo >> src.lo)
    case aluCode.neg:
      return low(dst, next, () => -dst.lo)
    case aluCode.mov: {
      const shift = instruction.offset === 0 ? 0 : 32 - instruction.offset
      return shift === 0 ? low(dst, next, () => src.lo) : low(dst, next, () => (src.lo << shift) >> shift)
    }
    default:
      throw new UnsupportedInstructionError('unknown 32-bit operation', source)
  }
}

/** A 32-bit operation: the upper half of its result is zero. */
function low(dst: Word, next: number, compute: () => number): Step {
  return () => {
    dst.lo = compute() | 0
    dst.hi = 0
    return next
  }
}

function applying(operation: (dst: Word, src: Word) => void, dst: Word, src: Word, next: number): Step {
  return () => {
    operation(dst, src)
    return next
  }
}

function shiftLeft(dst: Word, by: number): void {
  if (by === 0) return
  if (by < 32) {
    dst.hi = (dst.hi << by) | (dst.lo >>> (32 - by))
    dst.lo <<= by
  } else {
    dst.hi = dst.lo << (by - 32)
    dst.lo = 0
  }
}

function shiftRight(dst: Word, by: number): void {
  if (by === 0) return
  if (by < 32) {
    dst.lo = (dst.lo >>> by) | (dst.hi << (32 - by))
    dst.hi = (dst.hi >>> by) | 0
  } else {
    dst.lo = (dst.hi >>> (by - 32)) | 0
    dst.hi = 0
  }
}

function shiftRightSigned(dst: Word, by: number): void {
  if (by === 0) return
  if (by < 32) {
    dst.lo = (dst.lo >>> by) | (dst.hi << (32 - by))
    dst.hi >>= by
  } else {
    dst.lo = dst.hi >> (by - 32)
    dst.hi >>= 31
  }
}

/** `le`, `be` and `bswap`; the interpreter is a little-endian machine. */
function byteOrderStep(source: Source): Step {
  const { dst, next, instruction } = source
  const swaps = (instruction.opcode & 0x0f) !== instructionClass.alu
  switch (instruction.imm) {
    case 16:
      return low(dst, next, swaps ? () => swap16(dst.lo) : () => dst.lo & 0xffff)
    case 32:
      return low(dst, next, swaps ? () => swap32(dst.lo) : () => dst.lo)
    case 64:
      return () => {
        if (!swaps) return next
        const lo = swap32(dst.hi)
        dst.hi = swap32(dst.lo)
        dst.lo = lo
        return next
      }
    default:
      throw new UnsupportedInstructionError(`a byte swap of ${instruction.imm} bits`, source)
  }
}
