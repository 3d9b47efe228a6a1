import { branchDistance, branchKind, withBranchDistance } from '../../isa/branch.ts'
import { slotCount } from '../../isa/encode.ts'
import { annotate } from '../../isa/fields.ts'
import type { Instruction } from '../../isa/instruction.ts'
import { callKind, instructionClass, jumpCode, loadImm64Kind, loadImm64Opcode } from '../../isa/opcodes.ts'
import type { FunctionSpec } from '../../program.ts'
import { symbolTypes } from '../format.ts'
import type { CodeSection, ObjectInstruction } from './code-section.ts'
import { MalformedElfError } from './error.ts'
import type { ElfFile, FileSymbol } from './file.ts'
import { isGlobalData } from './maps.ts'

/** A program put together from the functions of an object. */
export interface LinkedProgram {
  readonly instructions: readonly Instruction[]
  readonly functions: readonly FunctionSpec[]
  readonly kfuncs: readonly string[]
}

/** A function in its section: instructions `start` to `end`. */
interface Piece {
  readonly name: string
  readonly code: CodeSection
  readonly start: number
  readonly end: number
}

/** A call or an address of a function, to be given its distance once all functions have their places. */
interface Reference {
  /** Index into the program's instructions. */
  readonly at: number
  readonly section: number
  readonly slot: number
}

/**
 * Puts a function and everything that it calls one behind the other, as libbpf does, with calls going to the new
 * places.
 *
 * @param slot where the entry function begins in its section
 */
export function linkProgram(
  codes: ReadonlyMap<number, CodeSection>,
  file: ElfFile,
  section: number,
  slot: number,
): LinkedProgram {
  const linker = new Linker(codes, file)
  linker.place(section, slot)
  return linker.finish()
}

/** BPF_COMPLEXITY_LIMIT_INSNS (include/linux/bpf.h): a kernel loads no longer program. */
const maxInstructions = 1_000_000

class Linker {
  readonly #codes: ReadonlyMap<number, CodeSection>
  readonly #file: ElfFile
  readonly #instructions: Instruction[] = []
  readonly #functions: FunctionSpec[] = []
  /** By section and slot: index into the program's instructions. */
  readonly #places = new Map<string, number>()
  readonly #references: Reference[] = []
  readonly #kfuncs = new Set<string>()

  constructor(codes: ReadonlyMap<number, CodeSection>, file: ElfFile) {
    this.#codes = codes
    this.#file = file
  }

  /** Adds a function and, behind it, those that it refers to. */
  place(section: number, slot: number): void {
    const pending: { readonly section: number; readonly slot: number }[] = [{ section, slot }]
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const key = `${next.section} ${next.slot}`
      if (this.#places.has(key)) continue
      const piece = this.#piece(next.section, next.slot)
      if (this.#instructions.length + piece.end - piece.start > maxInstructions)
        throw new MalformedElfError(`a program of more than ${maxInstructions} instructions`)
      this.#places.set(key, this.#instructions.length)
      this.#functions.push({ name: piece.name, start: this.#instructions.length })
      const before = this.#references.length
      for (const it of piece.code.instructions.slice(piece.start, piece.end)) this.#add(it, next.section)
      pending.push(...this.#references.slice(before))
    }
  }

  finish(): LinkedProgram {
    const starts: number[] = []
    let end = 0
    for (const instruction of this.#instructions) {
      starts.push(end)
      end += slotCount(instruction)
    }
    for (const { at, section, slot } of this.#references) {
      const target = starts[this.#places.get(`${section} ${slot}`) ?? -1]
      const instruction = this.#instructions[at]
      if (target === undefined || instruction === undefined) continue
      this.#instructions[at] = withBranchDistance(instruction, target - (starts[at] ?? 0) - 1)
    }
    return { instructions: this.#instructions, functions: this.#functions, kfuncs: [...this.#kfuncs] }
  }

  /** The function that begins at a slot: up to the end of its symbol, or of the section. */
  #piece(section: number, slot: number): Piece {
    const code = this.#codes.get(section)
    if (code === undefined)
      throw new MalformedElfError(`a call leads to section ${section}, which is no code`)
    const start = code.indexOf(slot)
    const symbol = this.#file.symbols.find(
      (it) => it.section === section && it.type === symbolTypes.function && it.value === slot * 8,
    )
    const size = (symbol?.size ?? 0) / 8
    const found = size === 0 ? -1 : code.instructions.findIndex((it) => it.slot >= slot + size)
    return {
      name: symbol?.name || `${code.name}+${slot}`,
      code,
      start,
      end: found < 0 ? code.instructions.length : found,
    }
  }

  #add({ instruction, slot, relocation }: ObjectInstruction, section: number): void {
    const at = this.#instructions.length
    const refer = (toSection: number, toSlot: number): void => {
      this.#references.push({ at, section: toSection, slot: toSlot })
    }
    if (relocation === undefined) {
      const kind = branchKind(instruction)
      // Calls within a section come without a relocation.
      if (kind === 'call' || kind === 'function')
        refer(section, slot + 1 + (branchDistance(instruction) ?? 0))
      this.#instructions.push(instruction)
      return
    }
    const { symbol } = relocation
    const target = this.#file.sections[symbol.section]
    const code = this.#codes.has(symbol.section)
    if (isCall(instruction)) {
      if (code) {
        refer(symbol.section, symbol.value / 8 + instruction.imm + 1)
        this.#instructions.push(instruction)
      } else {
        this.#kfuncs.add(symbol.name)
        this.#instructions.push(
          annotate(
            { ...instruction, src: callKind.kfunc, imm: 0 },
            { symbol: { kind: 'kfunc', name: symbol.name } },
          ),
        )
      }
    } else if (instruction.opcode === loadImm64Opcode) {
      if (code) {
        refer(symbol.section, (symbol.value + instruction.imm) / 8)
        this.#instructions.push({ ...instruction, src: loadImm64Kind.function })
      } else
        this.#instructions.push(
          loadOf(instruction, symbol, target?.name, target !== undefined && isGlobalData(target)),
        )
    } else this.#instructions.push(annotate(instruction, { comment: `&${symbol.name}` }))
  }
}

/** An `ld_imm64` of a map, of a global variable, or of a variable of the kernel. */
function loadOf(
  instruction: Instruction,
  symbol: FileSymbol,
  section: string | undefined,
  globalData: boolean,
): Instruction {
  if (globalData) {
    const name = section ?? ''
    // A variable's place: that of its symbol (0 for the section's own) and the offset that the instruction holds.
    const offset = symbol.value + instruction.imm
    const imm64 = BigInt.asUintN(32, BigInt(Math.trunc(offset))) << 32n
    return annotate(
      { ...instruction, src: loadImm64Kind.mapValue, imm: 0, imm64 },
      { symbol: { kind: 'map', name }, ...(symbol.name !== name && { comment: `&${symbol.name}` }) },
    )
  }
  if (section === '.maps' || section === 'maps')
    return annotate(
      { ...instruction, src: loadImm64Kind.mapFd, imm: 0, imm64: 0n },
      { symbol: { kind: 'map', name: symbol.name } },
    )
  return annotate({ ...instruction, src: loadImm64Kind.btfId }, { comment: `&${symbol.name}` })
}

function isCall({ opcode }: Instruction): boolean {
  return opcode === (instructionClass.jmp | jumpCode.call)
}
