import { accessSizeOf, instructionClass, modeCode } from '../isa/opcodes.ts'
import { UnsupportedInstructionError } from './errors.ts'
import type { Source, Step } from './step.ts'
import type { Word } from './word.ts'

// Adding an offset may wrap around 2^32, but only next to addresses at which nothing is ever mapped.

/** The step of a plain or sign-extending load or a plain store (RFC 9669 section 5.1 and 5.2). */
export function accessStep(source: Source, offset: number): Step {
  const { opcode } = source.instruction
  switch (opcode & 0x07) {
    case instructionClass.ldx:
      return (opcode & 0xe0) === modeCode.memsx ? signedLoad(source, offset) : load(source, offset)
    case instructionClass.st:
      return store(source, offset, source.operand)
    default:
      return store(source, offset, source.src)
  }
}

/** The step of a load, zero-extended. */
export function load(source: Source, offset: number): Step {
  const { dst, src: base, next, core } = source
  const { memory } = core
  const size = accessSizeOf(source.instruction.opcode)
  switch (size) {
    case 1:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 1, false, source)
        dst.lo = region.view.getUint8(at - region.base)
        dst.hi = 0
        return next
      }
    case 2:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 2, false, source)
        dst.lo = region.view.getUint16(at - region.base, true)
        dst.hi = 0
        return next
      }
    case 4:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 4, false, source)
        dst.lo = region.view.getInt32(at - region.base, true)
        dst.hi = 0
        return next
      }
    case 8:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 8, false, source)
        dst.lo = region.view.getInt32(at - region.base, true)
        dst.hi = region.view.getInt32(at - region.base + 4, true)
        return next
      }
  }
}

function signedLoad(source: Source, offset: number): Step {
  const { dst, src: base, next, core } = source
  const { memory } = core
  const size = accessSizeOf(source.instruction.opcode)
  if (size === 8) throw new UnsupportedInstructionError('a sign-extending load of 8 bytes', source)
  return () => {
    const at = (base.lo + offset) | 0
    const { view, base: start } = memory.find(at, base.hi, size, false, source)
    const from = at - start
    dst.lo =
      size === 1 ? view.getInt8(from) : size === 2 ? view.getInt16(from, true) : view.getInt32(from, true)
    dst.hi = dst.lo >> 31
    return next
  }
}

/** The step of a store of a word's low bytes. */
export function store(source: Source, offset: number, value: Word): Step {
  const { dst: base, next, core } = source
  const { memory } = core
  const size = accessSizeOf(source.instruction.opcode)
  switch (size) {
    case 1:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 1, true, source)
        region.view.setUint8(at - region.base, value.lo & 0xff)
        return next
      }
    case 2:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 2, true, source)
        region.view.setUint16(at - region.base, value.lo & 0xffff, true)
        return next
      }
    case 4:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 4, true, source)
        region.view.setInt32(at - region.base, value.lo, true)
        return next
      }
    case 8:
      return () => {
        const at = (base.lo + offset) | 0
        const region = memory.find(at, base.hi, 8, true, source)
        region.view.setInt32(at - region.base, value.lo, true)
        region.view.setInt32(at - region.base + 4, value.hi, true)
        return next
      }
  }
}

/**
 * The step of a legacy packet access: `r0 = ntoh(packet[position])`, or the end of the program with 0 when that is
 * outside of the packet (RFC 9669 section 5.5).
 */
export function legacyPacketStep(source: Source, packet: () => Uint8Array | undefined, leave: Step): Step {
  const { src, next, instruction, core } = source
  const [r0] = core.registers
  const size = accessSizeOf(instruction.opcode)
  const indirect = (instruction.opcode & 0xe0) === modeCode.ind
  if (r0 === undefined || size === 8)
    throw new UnsupportedInstructionError('a packet load of 8 bytes', source)
  return () => {
    const bytes = packet()
    if (bytes === undefined)
      throw new UnsupportedInstructionError('a packet load in a program that has no packet', source)
    const at = instruction.imm + (indirect ? src.lo >>> 0 : 0)
    r0.hi = 0
    r0.lo = 0
    if (at < 0 || at + size > bytes.byteLength) return leave()
    for (let i = 0; i < size; i++) r0.lo = (r0.lo << 8) | (bytes[at + i] ?? 0)
    return next
  }
}
