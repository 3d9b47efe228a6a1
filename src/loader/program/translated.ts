import { readFileSync } from 'node:fs'
import { decode } from '../../asm/isa/decode.ts'
import { annotate } from '../../asm/isa/fields.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { loadImm64Opcode } from '../../asm/isa/opcodes.ts'
import { BpfMap } from '../bpf/map.ts'
import type { BpfProgram } from './program.ts'

/** BPF_PSEUDO_* (include/uapi/linux/bpf.h). */
const BPF_PSEUDO_MAP_FD = 1
const BPF_PSEUDO_MAP_VALUE = 2
const BPF_PSEUDO_CALL = 1
/** BPF_JMP | BPF_CALL (RFC 9669 section 4.3). */
const callOpcode = 0x85

/**
 * A loaded program's instructions as the verifier rewrote them, with names where the kernel has put numbers: maps by
 * their ids, functions by their distance from `__bpf_call_base`, looked up in /proc/kallsyms. Names that cannot be
 * had (`kernel.kptr_restrict`) stay numbers.
 */
export function translatedInstructions(program: BpfProgram): Instruction[] {
  const instructions = decode(program.translated(), 'little', { rewritten: true })
  const functions = functionNames(instructions)
  const maps = new Map<number, string | undefined>()
  return instructions.map((instruction) => {
    if (isMapLoad(instruction)) {
      if (!maps.has(instruction.imm)) maps.set(instruction.imm, mapName(instruction.imm))
      const name = maps.get(instruction.imm)
      return name === undefined ? instruction : annotate(instruction, { symbol: { kind: 'map', name } })
    }
    const name = isFunctionCall(instruction) ? functions.get(instruction.imm) : undefined
    return name === undefined ? instruction : annotate(instruction, { symbol: { kind: 'helper', name } })
  })
}

function isMapLoad(instruction: Instruction): boolean {
  return (
    instruction.opcode === loadImm64Opcode &&
    (instruction.src === BPF_PSEUDO_MAP_FD || instruction.src === BPF_PSEUDO_MAP_VALUE)
  )
}

function isFunctionCall(instruction: Instruction): boolean {
  return instruction.opcode === callOpcode && instruction.src !== BPF_PSEUDO_CALL
}

function mapName(id: number): string | undefined {
  try {
    using map = BpfMap.inspect({ id })
    return map?.spec.name
  } catch {
    return undefined
  }
}

/** Names of the functions called, by the number that stands for them. */
function functionNames(instructions: readonly Instruction[]): Map<number, string> {
  const wanted = new Set(instructions.filter(isFunctionCall).map(({ imm }) => imm))
  const names = new Map<number, string>()
  if (wanted.size === 0) return names
  const symbols = readSymbols()
  const base = symbols.find(([, name]) => name === '__bpf_call_base')?.[0]
  if (base === undefined || base === 0n) return names
  for (const [address, name] of symbols) {
    const distance = Number(BigInt.asIntN(64, address - base))
    if (wanted.has(distance) && !names.has(distance)) names.set(distance, name)
  }
  return names
}

function readSymbols(): [bigint, string][] {
  try {
    return readFileSync('/proc/kallsyms', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [address, kind, name] = line.split(/\s+/)
        return /^[tTwW]$/.test(kind ?? '') && name !== undefined ? [[BigInt(`0x${address}`), name]] : []
      })
  } catch {
    return []
  }
}
