import { type BranchKind, branchDistance, branchKind } from '../isa/branch.ts'
import type { Instruction } from '../isa/instruction.ts'
import {
  accessSizeOf,
  addressSpaceCastOffset,
  aluCode,
  atomicCode,
  byteOrderCode,
  callKind,
  instructionClass,
  isKnownOpcode,
  jumpCode,
  loadImm64Kind,
  loadImm64Opcode,
  modeCode,
  operandSource,
  signedDivisionOffset,
} from '../isa/opcodes.ts'
import { helperName } from './helper-names.ts'
import { aluOperator, atomicFetchName, atomicOperator, conditionOperator } from './pseudo-c-operators.ts'

/**
 * @returns the instruction in the pseudo-C of LLVM's BPF assembler and, where LLVM has none (names of maps
 * and functions), of the kernel's disassembler and bpftool:
 *
 *     w1 += -4            r0 = *(u16 *)(r1 + 12)      if w1 s> 3 goto +2       r1 = map[services] ll
 *
 * Immediates are decimal, `ld_imm64` values hexadecimal. Loads and stores name 64-bit registers, whatever
 * their size, as the kernel does; 32-bit atomic operations `w` registers, as LLVM does.
 *
 * @param target what to call a branch's target; without it the distance in slots is shown, as `+2`
 */
export function pseudoC(instruction: Instruction, target?: string): string {
  return printKnown(instruction, target) ?? rawFields(instruction)
}

function printKnown(it: Instruction, target: string | undefined): string | undefined {
  if (!isKnownOpcode(it.opcode)) return undefined
  const kind = branchKind(it)
  if (kind !== undefined) return printBranch(it, kind, target ?? signed(branchDistance(it) ?? 0))
  switch (it.opcode & 0x07) {
    case instructionClass.alu:
    case instructionClass.alu64:
      return printAlu(it)
    case instructionClass.ld:
      return printLd(it)
    case instructionClass.ldx:
      return `r${it.dst} = *(${loadType(it)} *)(${address(it.src, it.offset)})`
    case instructionClass.st:
      return `*(${unsigned(it)} *)(${address(it.dst, it.offset)}) = ${it.imm}`
    case instructionClass.stx:
      if ((it.opcode & 0xe0) === modeCode.atomic) return printAtomic(it)
      return `*(${unsigned(it)} *)(${address(it.dst, it.offset)}) = r${it.src}`
    default:
      return (it.opcode & 0xf0) === jumpCode.exit ? 'exit' : printCall(it)
  }
}

/** @returns what no assembler has a notation for, field by field; nothing is left out. */
export function rawFields({ opcode, dst, src, offset, imm, imm64 }: Instruction): string {
  const value = imm64 === undefined ? imm : `0x${imm64.toString(16)}`
  return `<opcode 0x${opcode.toString(16).padStart(2, '0')} dst ${dst} src ${src} offset ${offset} imm ${value}>`
}

function printAlu(it: Instruction): string | undefined {
  const code = it.opcode & 0xf0
  const wide = (it.opcode & 0x07) === instructionClass.alu64
  const prefix = wide ? 'r' : 'w'
  const dst = `${prefix}${it.dst}`
  if (code === aluCode.end) return printByteSwap(it, wide)
  if (code === aluCode.neg) return `${dst} = -${dst}`
  const fromRegister = (it.opcode & operandSource.register) !== 0
  const operand = fromRegister ? `${prefix}${it.src}` : `${it.imm}`
  const operator = aluOperator[code] ?? ''
  if (it.offset === 0) return `${dst} ${operator} ${operand}`
  if (code === aluCode.div || code === aluCode.mod) {
    return it.offset === signedDivisionOffset ? `${dst} s${operator} ${operand}` : undefined
  }
  if (code !== aluCode.mov || !fromRegister) return undefined
  if (wide && it.offset === addressSpaceCastOffset) {
    return `${dst} = addr_space_cast(${operand}, ${it.imm >>> 16}, ${it.imm & 0xffff})`
  }
  if (it.offset === 8 || it.offset === 16 || (wide && it.offset === 32)) {
    return `${dst} = (s${it.offset})${operand}`
  }
  return undefined
}

function printByteSwap({ opcode, dst, imm }: Instruction, always: boolean): string | undefined {
  if (imm !== 16 && imm !== 32 && imm !== 64) return undefined
  const conversion = (opcode & operandSource.register) === byteOrderCode.be ? 'be' : 'le'
  return `r${dst} = ${always ? 'bswap' : conversion}${imm} r${dst}`
}

function printLd(it: Instruction): string | undefined {
  if (it.opcode === loadImm64Opcode) {
    const value = wideValue(it)
    return value === undefined ? undefined : `r${it.dst} = ${value} ll`
  }
  if ((it.opcode & 0xe0) === modeCode.abs) return `r0 = *(${unsigned(it)} *)skb[${it.imm}]`
  const position = it.imm === 0 ? `r${it.src}` : address(it.src, it.imm)
  return `r0 = *(${unsigned(it)} *)skb[${position}]`
}

/**
 * @returns the value of an `ld_imm64` in the forms of bpftool's `print_imm`, with names where there is a
 *   symbol; undefined for a function's address and for what has no meaning.
 */
export function wideValue({ src, imm, imm64 = 0n, symbol }: Instruction): string | undefined {
  const high = Number(imm64 >> 32n)
  const map = symbol?.kind === 'map' ? symbol.name : `fd:${imm}`
  switch (src) {
    case loadImm64Kind.value:
      return `0x${imm64.toString(16)}`
    case loadImm64Kind.mapFd:
      return `map[${map}]`
    case loadImm64Kind.mapValue:
      return `map[${map}][0]+${high}`
    case loadImm64Kind.btfId:
      return high === 0 ? `btf[id:${imm}]` : `btf[fd:${high} id:${imm}]`
    case loadImm64Kind.mapIndex:
      return `map[idx:${imm}]`
    case loadImm64Kind.mapIndexValue:
      return `map[idx:${imm}][0]+${high}`
    default:
      return undefined
  }
}

function printAtomic(it: Instruction): string | undefined {
  const size = accessSizeOf(it.opcode)
  const prefix = size === 8 ? 'r' : 'w'
  const src = `${prefix}${it.src}`
  const place = address(it.dst, it.offset)
  if (it.imm === atomicCode.load_acquire) {
    return `${prefix}${it.dst} = load_acquire((${unsigned(it)} *)(${address(it.src, it.offset)}))`
  }
  if (it.imm === atomicCode.store_release) return `store_release((${unsigned(it)} *)(${place}), ${src})`
  if (size < 4) return undefined
  const suffix = size === 8 ? '_64' : '32_32'
  if (it.imm === atomicCode.xchg) return `${src} = xchg${suffix}(${place}, ${src})`
  if (it.imm === atomicCode.cmpxchg) return `${prefix}0 = cmpxchg${suffix}(${place}, ${prefix}0, ${src})`
  const fetch = atomicFetchName[it.imm]
  if (fetch !== undefined) return `${src} = atomic_fetch_${fetch}((${unsigned(it)} *)(${place}), ${src})`
  const operator = atomicOperator[it.imm]
  return operator === undefined ? undefined : `lock *(${unsigned(it)} *)(${place}) ${operator} ${src}`
}

function printBranch(it: Instruction, kind: BranchKind, target: string): string {
  const numeric = /^[+-]\d/.test(target)
  switch (kind) {
    case 'goto':
    case 'gotol':
    case 'may_goto':
      return `${kind} ${target}`
    case 'call':
      return numeric ? `call pc${target}` : `call ${target}`
    case 'function':
      return numeric ? `r${it.dst} = subprog[${target}] ll` : `r${it.dst} = ${target} ll`
    case 'conditional': {
      const prefix = (it.opcode & 0x07) === instructionClass.jmp ? 'r' : 'w'
      const operand = (it.opcode & operandSource.register) === 0 ? `${it.imm}` : `${prefix}${it.src}`
      return `if ${prefix}${it.dst} ${conditionOperator[it.opcode & 0xf0] ?? ''} ${operand} goto ${target}`
    }
  }
}

function printCall({ opcode, dst, src, offset, imm, symbol }: Instruction): string | undefined {
  if ((opcode & 0xf0) !== jumpCode.call) return undefined
  if ((opcode & operandSource.register) !== 0) return `callx r${dst}`
  if (symbol?.kind === 'kfunc' || symbol?.kind === 'helper') return `call ${symbol.name}`
  if (src === callKind.helper) return `call ${helperName(imm) ?? `unknown#${imm}`}`
  if (src !== callKind.kfunc) return undefined
  return `call kernel-function#${imm}${offset === 0 ? '' : ` fd_array[${offset}]`}`
}

function loadType(it: Instruction): string {
  const signExtended = (it.opcode & 0xe0) === modeCode.memsx
  return signExtended ? `s${accessSizeOf(it.opcode) * 8}` : unsigned(it)
}

function unsigned({ opcode }: Instruction): string {
  return `u${accessSizeOf(opcode) * 8}`
}

function address(register: number, offset: number): string {
  return `r${register} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`
}

function signed(distance: number): string {
  return distance < 0 ? `${distance}` : `+${distance}`
}
