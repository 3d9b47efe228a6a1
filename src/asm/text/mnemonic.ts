import { type BranchKind, branchDistance, branchKind } from '../isa/branch.ts'
import type { Instruction } from '../isa/instruction.ts'
import {
  addressSpaceCastOffset,
  aluCode,
  atomicCode,
  byteOrderCode,
  callKind,
  instructionClass,
  isKnownOpcode,
  jumpCode,
  loadImm64Opcode,
  modeCode,
  operandSource,
  signedDivisionOffset,
  sizeCode,
} from '../isa/opcodes.ts'
import { helperName } from './helper-names.ts'
import { rawFields, wideValue } from './pseudo-c.ts'

/**
 * @returns the instruction in the mnemonics of the BPF conformance suite, and in their manner what they
 *   lack:
 *
 *     add32 %r1, -4                 ldxh %r0, [%r1+12]           jsgt32 %r1, 3, +2
 *     lock fetch add [%r1+0], %r2   lddw %r1, map[services]      call helper bpf_redirect
 *     ldacqw %r0, [%r1+8]           strelw [%r1+8], %r0          call kfunc bpf_skb_ct_lookup
 *     ldabsh 12                     ldindb %r7, 2                call local +3
 *     may_goto +4                   ja32 +100000                 addr_space_cast %r1, %r2, 0, 1
 *
 * @param target what to call a branch's target; without it the distance in slots is shown, as `+2`
 */
export function mnemonic(instruction: Instruction, target?: string): string {
  return printKnown(instruction, target) ?? rawFields(instruction)
}

function printKnown(it: Instruction, target: string | undefined): string | undefined {
  if (!isKnownOpcode(it.opcode)) return undefined
  const kind = branchKind(it)
  if (kind !== undefined) return printBranch(it, kind, target ?? signed(branchDistance(it) ?? 0))
  const size = sizeName[it.opcode & 0x18] ?? ''
  switch (it.opcode & 0x07) {
    case instructionClass.alu:
    case instructionClass.alu64:
      return printAlu(it)
    case instructionClass.ld:
      return printLd(it, size)
    case instructionClass.ldx: {
      const sign = (it.opcode & 0xe0) === modeCode.memsx ? 's' : ''
      return `ldx${sign}${size} %r${it.dst}, ${address(it.src, it.offset)}`
    }
    case instructionClass.st:
      return `st${size} ${address(it.dst, it.offset)}, ${it.imm}`
    case instructionClass.stx:
      if ((it.opcode & 0xe0) === modeCode.atomic) return printAtomic(it, size)
      return `stx${size} ${address(it.dst, it.offset)}, %r${it.src}`
    default:
      return (it.opcode & 0xf0) === jumpCode.exit ? 'exit' : printCall(it)
  }
}

function namesOf(codes: Readonly<Record<string, number>>): Readonly<Record<number, string>> {
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [code, name]))
}

const aluName = namesOf(aluCode)
const jumpName = namesOf(jumpCode)
const sizeName = namesOf(sizeCode)
const atomicName = namesOf(atomicCode)

function printAlu(it: Instruction): string | undefined {
  const code = it.opcode & 0xf0
  const wide = (it.opcode & 0x07) === instructionClass.alu64
  if (code === aluCode.end) return printByteSwap(it, wide)
  const name = aluName[code] ?? ''
  const suffix = wide ? '' : '32'
  if (code === aluCode.neg) return `${name}${suffix} %r${it.dst}`
  const fromRegister = (it.opcode & operandSource.register) !== 0
  const operands = `%r${it.dst}, ${fromRegister ? `%r${it.src}` : it.imm}`
  if (it.offset === 0) return `${name}${suffix} ${operands}`
  if (code === aluCode.div || code === aluCode.mod) {
    return it.offset === signedDivisionOffset ? `s${name}${suffix} ${operands}` : undefined
  }
  if (code !== aluCode.mov || !fromRegister) return undefined
  if (wide && it.offset === addressSpaceCastOffset) {
    return `addr_space_cast ${operands}, ${it.imm >>> 16}, ${it.imm & 0xffff}`
  }
  if (it.offset !== 8 && it.offset !== 16 && !(wide && it.offset === 32)) return undefined
  return `movsx${it.offset}${wide ? 64 : 32} ${operands}`
}

function printByteSwap({ opcode, dst, imm }: Instruction, always: boolean): string | undefined {
  if (imm !== 16 && imm !== 32 && imm !== 64) return undefined
  const conversion = (opcode & operandSource.register) === byteOrderCode.be ? 'be' : 'le'
  return `${always ? 'bswap' : conversion}${imm} %r${dst}`
}

function printLd(it: Instruction, size: string): string | undefined {
  if (it.opcode === loadImm64Opcode) {
    const value = wideValue(it)
    return value === undefined ? undefined : `lddw %r${it.dst}, ${value}`
  }
  if ((it.opcode & 0xe0) === modeCode.abs) return `ldabs${size} ${it.imm}`
  return `ldind${size} %r${it.src}, ${it.imm}`
}

function printAtomic(it: Instruction, size: string): string | undefined {
  const name = atomicName[it.imm]
  if (name === undefined) return undefined
  if (it.imm === atomicCode.load_acquire) return `ldacq${size} %r${it.dst}, ${address(it.src, it.offset)}`
  const operands = `${address(it.dst, it.offset)}, %r${it.src}`
  if (it.imm === atomicCode.store_release) return `strel${size} ${operands}`
  if (size !== 'w' && size !== 'dw') return undefined
  return `lock ${name.replace('_', ' ')}${size === 'w' ? '32' : ''} ${operands}`
}

function printBranch(it: Instruction, kind: BranchKind, target: string): string {
  switch (kind) {
    case 'goto':
      return `ja ${target}`
    case 'gotol':
      return `ja32 ${target}`
    case 'may_goto':
      return `may_goto ${target}`
    case 'call':
      return `call local ${target}`
    case 'function':
      return `lddw %r${it.dst}, subprog[${target}]`
    case 'conditional': {
      const suffix = (it.opcode & 0x07) === instructionClass.jmp ? '' : '32'
      const operand = (it.opcode & operandSource.register) === 0 ? `${it.imm}` : `%r${it.src}`
      return `${jumpName[it.opcode & 0xf0] ?? ''}${suffix} %r${it.dst}, ${operand}, ${target}`
    }
  }
}

function printCall({ opcode, dst, src, offset, imm, symbol }: Instruction): string | undefined {
  if ((opcode & 0xf0) !== jumpCode.call) return undefined
  if ((opcode & operandSource.register) !== 0) return `call %r${dst}`
  if (src === callKind.helper) return `call helper ${helperName(imm) ?? imm}`
  if (src !== callKind.kfunc) return undefined
  if (symbol?.kind === 'kfunc') return `call kfunc ${symbol.name}`
  return `call kfunc ${imm}${offset === 0 ? '' : ` fd_array[${offset}]`}`
}

function address(register: number, offset: number): string {
  return `[%r${register}${signed(offset)}]`
}

function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`
}
