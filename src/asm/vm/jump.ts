import { instructionClass, jumpCode } from '../isa/opcodes.ts'
import { UnsupportedInstructionError } from './errors.ts'
import type { Source, Step } from './step.ts'

/** The step of a conditional jump (RFC 9669 section 4.3) to the instruction at index `target`. */
export function conditionalStep(source: Source, target: number): Step {
  const wide = (source.instruction.opcode & 0x07) === instructionClass.jmp
  return wide ? jump64(source, target) : jump32(source, target)
}

/** Times that a `may_goto` lets a loop go on before it leaves it (BPF_MAX_LOOPS, include/linux/bpf_verifier.h). */
const mayGotoBudget = 8 * 1024 * 1024

/** The step of `may_goto`: leaves the loop once a budget is used up. */
export function mayGotoStep(next: number, target: number): Step {
  let left = mayGotoBudget
  return () => {
    if (left-- > 0) return next
    left = mayGotoBudget
    return target
  }
}

function jump64(source: Source, target: number): Step {
  const { dst, operand: src, next } = source
  switch (source.instruction.opcode & 0xf0) {
    case jumpCode.jeq:
      return () => (dst.lo === src.lo && dst.hi === src.hi ? target : next)
    case jumpCode.jne:
      return () => (dst.lo !== src.lo || dst.hi !== src.hi ? target : next)
    case jumpCode.jset:
      return () => ((dst.lo & src.lo) !== 0 || (dst.hi & src.hi) !== 0 ? target : next)
    case jumpCode.jgt:
      return () =>
        dst.hi === src.hi
          ? dst.lo >>> 0 > src.lo >>> 0
            ? target
            : next
          : dst.hi >>> 0 > src.hi >>> 0
            ? target
            : next
    case jumpCode.jge:
      return () =>
        dst.hi === src.hi
          ? dst.lo >>> 0 >= src.lo >>> 0
            ? target
            : next
          : dst.hi >>> 0 > src.hi >>> 0
            ? target
            : next
    case jumpCode.jlt:
      return () =>
        dst.hi === src.hi
          ? dst.lo >>> 0 < src.lo >>> 0
            ? target
            : next
          : dst.hi >>> 0 < src.hi >>> 0
            ? target
            : next
    case jumpCode.jle:
      return () =>
        dst.hi === src.hi
          ? dst.lo >>> 0 <= src.lo >>> 0
            ? target
            : next
          : dst.hi >>> 0 < src.hi >>> 0
            ? target
            : next
    case jumpCode.jsgt:
      return () =>
        dst.hi === src.hi ? (dst.lo >>> 0 > src.lo >>> 0 ? target : next) : dst.hi > src.hi ? target : next
    case jumpCode.jsge:
      return () =>
        dst.hi === src.hi ? (dst.lo >>> 0 >= src.lo >>> 0 ? target : next) : dst.hi > src.hi ? target : next
    case jumpCode.jslt:
      return () =>
        dst.hi === src.hi ? (dst.lo >>> 0 < src.lo >>> 0 ? target : next) : dst.hi < src.hi ? target : next
    case jumpCode.jsle:
      return () =>
        dst.hi === src.hi ? (dst.lo >>> 0 <= src.lo >>> 0 ? target : next) : dst.hi < src.hi ? target : next
    default:
      throw new UnsupportedInstructionError('unknown 64-bit comparison', source)
  }
}

function jump32(source: Source, target: number): Step {
  const { dst, operand: src, next } = source
  switch (source.instruction.opcode & 0xf0) {
    case jumpCode.jeq:
      return () => (dst.lo === src.lo ? target : next)
    case jumpCode.jne:
      return () => (dst.lo !== src.lo ? target : next)
    case jumpCode.jset:
      return () => ((dst.lo & src.lo) !== 0 ? target : next)
    case jumpCode.jgt:
      return () => (dst.lo >>> 0 > src.lo >>> 0 ? target : next)
    case jumpCode.jge:
      return () => (dst.lo >>> 0 >= src.lo >>> 0 ? target : next)
    case jumpCode.jlt:
      return () => (dst.lo >>> 0 < src.lo >>> 0 ? target : next)
    case jumpCode.jle:
      return () => (dst.lo >>> 0 <= src.lo >>> 0 ? target : next)
    case jumpCode.jsgt:
      return () => (dst.lo > src.lo ? target : next)
    case jumpCode.jsge:
      return () => (dst.lo >= src.lo ? target : next)
    case jumpCode.jslt:
      return () => (dst.lo < src.lo ? target : next)
    case jumpCode.jsle:
      return () => (dst.lo <= src.lo ? target : next)
    default:
      throw new UnsupportedInstructionError('unknown 32-bit comparison', source)
  }
}
