import { addFunctionPrototype } from '../btf/function-prototype.ts'
import { LayoutTypes } from '../btf/layout-types.ts'
import { type LineInfoOptions, LineWriter } from '../btf/line-info.ts'
import { functionIdentifier, functionsInOrder, slotOffsets } from '../btf/program-btf.ts'
import type { Btf } from '../btf/reader.ts'
import { BtfWriter } from '../btf/writer.ts'
import { branchKind } from '../isa/branch.ts'
import { encode } from '../isa/encode.ts'
import { withImm } from '../isa/fields.ts'
import type { Instruction } from '../isa/instruction.ts'
import { slotSize } from '../isa/opcodes.ts'
import type { FunctionPrototype, ProgramSpec } from '../program.ts'
import { registersStruct } from '../pt-regs.ts'
import { btfExt, type SectionRecords } from './btf-ext.ts'
import { ElfError } from './error.ts'
import { relocationTypes, sectionFlags } from './format.ts'
import { globalSections } from './global-section.ts'
import { KernelKinds } from './kernel-kinds.ts'
import { KernelTypesInObject } from './kernel-types.ts'
import { addMaps } from './map-section.ts'
import { forLoader } from './relocatable.ts'
import { sectionOf } from './section-names.ts'
import { sharedDeclarations } from './shared-declarations.ts'
import { ElfWriter } from './writer.ts'

/** What else an object can be written with. */
export interface ObjectOptions extends LineInfoOptions {
  /**
   * A kernel's types. Needed only for programs that read members which the kernel declares as pointers or enums, or
   * call kernel functions declared without their enums and unions: libbpf compares kinds of types, not just sizes.
   */
  readonly kernel?: Btf
  /** The machines it is for, as Node.js names them (`x64`, the default, or `arm64`); matters to kprobes alone. */
  readonly architecture?: string
}

/**
 * Writes programs as one relocatable BPF object (ELF64, little-endian, EM_BPF) for libbpf and what is built on it:
 * bpftool, tc, ip. A section per attach point, maps in `.maps` with their layouts, types and source lines in `.BTF`
 * and `.BTF.ext`, members of kernel structs as CO-RE relocations, kernel functions as externs in `.ksyms`.
 *
 * Programs of the same name or with different maps of one name do not go together; nor do different licenses.
 *
 * @throws {ElfError} for what an object cannot express, such as file descriptors in instructions
 * @throws {TsbpfError} `PROGRAM_FUNCTIONS` for functions that do not lie in their program
 */
export function programObject(programs: readonly ProgramSpec[], options: ObjectOptions = {}): Uint8Array {
  return new ObjectBuilder(programs, options).build()
}

/** A function, cut out of its program. */
interface Piece {
  readonly program: ProgramSpec
  /** A C identifier. */
  readonly name: string
  readonly entry: boolean
  /** Of a global function. */
  readonly prototype: FunctionPrototype | undefined
  readonly instructions: readonly Instruction[]
  /** Slot of each instruction within the program. */
  readonly slots: readonly number[]
  /** Slots from the start of its section. */
  start: number
}

/** A section of instructions. */
interface Code {
  readonly name: string
  readonly pieces: Piece[]
}

class ObjectBuilder {
  readonly #options: ObjectOptions
  readonly #btf = new BtfWriter()
  readonly #layouts = new LayoutTypes(this.#btf)
  readonly #kernel: KernelTypesInObject
  readonly #elf = new ElfWriter()
  readonly #shared: ReturnType<typeof sharedDeclarations>
  /** By name; subprograms, which libbpf looks for in `.text`, first. */
  readonly #sections: readonly Code[]
  /** Symbols of maps, kernel functions and functions. */
  readonly #maps = new Map<string, number>()
  readonly #kfuncs = new Map<string, number>()
  readonly #functions = new Map<Piece, number>()
  /** Symbol of the section of subprograms. */
  #text: number | undefined

  constructor(programs: readonly ProgramSpec[], options: ObjectOptions) {
    this.#options = options
    this.#shared = sharedDeclarations(programs)
    this.#kernel = new KernelTypesInObject(this.#btf, this.#layouts, new KernelKinds(options.kernel))
    this.#sections = cut(programs)
  }

  build(): Uint8Array {
    this.#addKernelTypes()
    const records = this.#sections.map((section) => this.#addRecords(section))
    const codes = this.#sections.map((section) =>
      this.#elf.addSection({
        name: section.name,
        bytes: this.#encode(section),
        flags: sectionFlags.alloc | sectionFlags.execute,
        align: slotSize,
      }),
    )
    for (const [index, section] of this.#sections.entries()) this.#addFunctions(section, codes[index] ?? 0)
    this.#addLicense()
    this.#addMaps()
    this.#addKfuncs()
    for (const [index, section] of this.#sections.entries()) this.#relocate(section, codes[index] ?? 0)
    for (const [name, bytes] of [
      ['.BTF', this.#btf.finish()],
      ['.BTF.ext', btfExt(records)],
    ] as const)
      this.#elf.addSection({ name, bytes, flags: 0, align: 4 })
    return this.#elf.finish()
  }

  #addKernelTypes(): void {
    for (const { symbol } of this.#sections.flatMap(({ pieces }) => pieces.flatMap((it) => it.instructions)))
      if (symbol?.kind === 'field' && symbol.struct !== registersStruct)
        this.#kernel.declare(symbol.struct, symbol.path, symbol.size)
    this.#kernel.define()
  }

  /** Functions, source lines and accesses of kernel structs, for `.BTF.ext`. */
  #addRecords({ name, pieces }: Code): SectionRecords {
    const section = { nameOffset: this.#btf.string(name), funcs: [], relocations: [] }
    const funcs: number[] = section.funcs
    const relocations: number[] = section.relocations
    const lines = new LineWriter(this.#btf, this.#options)
    for (const piece of pieces) {
      funcs.push(piece.start * slotSize, this.#addPrototype(piece))
      const slots = placed(piece)
      // For a program with subprograms libbpf wants lines even where nobody knows them.
      const { functions, instructions } = piece.program
      if (functions.length > 1 || instructions.some(({ source }) => source !== undefined))
        lines.addFunction(piece.instructions, slots)
      for (const [index, { symbol }] of piece.instructions.entries()) {
        if (symbol?.kind !== 'field' || symbol.struct === registersStruct) continue
        const { typeId, access } = this.#kernel.locate(symbol.struct, symbol.path)
        // BPF_CORE_FIELD_BYTE_OFFSET is 0.
        relocations.push((slots[index] ?? 0) * slotSize, typeId, this.#btf.string(access), 0)
      }
    }
    return { ...section, lines: lines.words.map((word, i) => (i % 4 === 0 ? word * slotSize : word)) }
  }

  #addPrototype({ program, name, entry, prototype }: Piece): number {
    const described = { type: program.type, entry, prototype }
    const { id, linkage } = addFunctionPrototype(this.#btf, this.#layouts, described)
    return this.#btf.func(name, id, linkage)
  }

  #encode({ pieces }: Code): Uint8Array {
    return encode(
      pieces.flatMap((piece) =>
        piece.instructions.map((instruction, index) => {
          const made = forLoader(
            piece.program,
            instruction,
            (struct, path) => this.#kernel.locate(struct, path).offset,
            this.#options.architecture ?? 'x64',
          )
          if (branchKind(instruction) !== 'function') return made
          return withImm(made, this.#callee(piece, instruction, piece.slots[index] ?? 0).start * slotSize)
        }),
      ),
    )
  }

  #addFunctions({ name, pieces }: Code, section: number): void {
    if (name === '.text')
      this.#text = this.#elf.addSymbol({
        ...{ name: '', type: 'section', binding: 'local' },
        ...{ section, value: 0, size: 0 },
      })
    for (const piece of pieces)
      this.#functions.set(
        piece,
        this.#elf.addSymbol({
          name: piece.name,
          type: 'function',
          binding: piece.entry || piece.prototype !== undefined ? 'global' : 'local',
          section,
          value: piece.start * slotSize,
          size: encode(piece.instructions).byteLength,
        }),
      )
  }

  #addLicense(): void {
    const bytes = new TextEncoder().encode(`${this.#shared.license}\0`)
    const flags = sectionFlags.alloc | sectionFlags.write
    const section = this.#elf.addSection({ name: 'license', bytes, flags, align: 1 })
    const size = bytes.byteLength
    this.#elf.addSymbol({ name: '_license', type: 'object', binding: 'global', section, value: 0, size })
  }

  #addMaps(): void {
    this.#addGlobals()
    const kept = this.#shared.maps.filter(({ global }) => global === undefined)
    const maps = addMaps(this.#btf, this.#layouts, kept)
    if (maps.length === 0) return
    const bytes = new Uint8Array(maps.reduce((sum, { size }) => sum + size, 0))
    const flags = sectionFlags.alloc | sectionFlags.write
    const section = this.#elf.addSection({ name: '.maps', bytes, flags, align: 8 })
    for (const { spec, offset: value, size } of maps) {
      const { name } = spec
      const symbol = this.#elf.addSymbol({ name, type: 'object', binding: 'global', section, value, size })
      this.#maps.set(name, symbol)
    }
  }

  /** Global data, as libbpf expects it: in sections, each a map with all that is in it. */
  #addGlobals(): void {
    for (const data of globalSections(this.#shared.maps)) {
      const { name, bytes } = data
      const flags = name === '.rodata' ? sectionFlags.alloc : sectionFlags.alloc | sectionFlags.write
      const zero = name === '.bss'
      const section = this.#elf.addSection({ name, bytes, flags, align: 8, ...(zero && { zero }) })
      const variables = data.variables.map(({ spec, identifier, offset, size }) => {
        this.#maps.set(
          spec.name,
          this.#elf.addSymbol({
            name: identifier,
            type: 'object',
            binding: 'global',
            section,
            value: offset,
            size,
          }),
        )
        const layout = spec.layout?.value
        const type =
          layout === undefined
            ? this.#btf.array(this.#layouts.u8, this.#layouts.u32, size)
            : this.#layouts.add(layout)
        return { type: this.#btf.var(identifier, type, 'global'), offset, size }
      })
      this.#btf.datasec(name, bytes.byteLength, variables)
    }
  }

  #addKfuncs(): void {
    const externs = this.#shared.kfuncs.map((spec) => {
      const { name } = spec
      this.#kfuncs.set(
        name,
        this.#elf.addSymbol({ name, type: 'none', binding: 'global', value: 0, size: 0 }),
      )
      return { type: this.#btf.func(name, this.#kernel.prototype(spec), 'extern'), offset: 0, size: 0 }
    })
    if (externs.length > 0) this.#btf.datasec('.ksyms', 0, externs)
  }

  #relocate({ pieces }: Code, section: number): void {
    for (const piece of pieces)
      for (const [index, slot] of placed(piece).entries()) {
        const instruction = piece.instructions[index]
        const target = instruction && this.#target(piece, instruction, piece.slots[index] ?? 0)
        if (target !== undefined) this.#elf.addRelocation(section, { offset: slot * slotSize, ...target })
      }
  }

  /** The symbol that an instruction refers to. */
  #target(piece: Piece, instruction: Instruction, slot: number) {
    const { R_BPF_64_32, R_BPF_64_64 } = relocationTypes
    const { symbol } = instruction
    const known = (number: number | undefined, what: string): number => {
      if (number !== undefined) return number
      throw new ElfError(`program "${piece.program.name}" uses ${what} without declaring it`)
    }
    if (symbol?.kind === 'map')
      return { symbol: known(this.#maps.get(symbol.name), `map "${symbol.name}"`), type: R_BPF_64_64 }
    if (symbol?.kind === 'kfunc')
      return { symbol: known(this.#kfuncs.get(symbol.name), symbol.name), type: R_BPF_64_32 }
    const kind = branchKind(instruction)
    if (kind !== 'call' && kind !== 'function') return undefined
    const callee = this.#callee(piece, instruction, slot)
    if (kind === 'call') return { symbol: known(this.#functions.get(callee), callee.name), type: R_BPF_64_32 }
    // libbpf finds static functions by their place in the section alone, which is in the immediate.
    return { symbol: known(this.#text, callee.name), type: R_BPF_64_64 }
  }

  /** The function that an instruction of a piece calls or takes the address of. */
  #callee(piece: Piece, instruction: Instruction, slot: number): Piece {
    const wanted = slot + 1 + instruction.imm
    for (const { pieces } of this.#sections)
      for (const other of pieces)
        if (other.program === piece.program && other.slots[0] === wanted && !other.entry) return other
    throw new ElfError(
      `program "${piece.program.name}" uses a function at slot ${wanted} without declaring it`,
    )
  }
}

/** Slots of a piece's instructions in its section. */
function placed(piece: Piece): number[] {
  return piece.slots.map((slot) => slot - (piece.slots[0] ?? 0) + piece.start)
}

/** Sorts the functions of all programs into sections: entries by attach point, subprograms into `.text`. */
function cut(programs: readonly ProgramSpec[]): Code[] {
  const sections = new Map<string, Code>()
  const ends = new Map<string, number>()
  for (const program of programs) {
    const functions = functionsInOrder(program)
    const slots = slotOffsets(program.instructions)
    for (const [index, { name, start, prototype }] of functions.entries()) {
      const end = functions[index + 1]?.start ?? program.instructions.length
      const where = index === 0 ? sectionOf(program) : '.text'
      const section = sections.get(where) ?? { name: where, pieces: [] }
      sections.set(where, section)
      const instructions = program.instructions.slice(start, end)
      const at = ends.get(where) ?? 0
      section.pieces.push({
        program,
        name: functionIdentifier(name),
        entry: index === 0,
        prototype,
        instructions,
        slots: slots.slice(start, end),
        start: at,
      })
      ends.set(where, at + encode(instructions).byteLength / slotSize)
    }
  }
  return [...sections.values()].sort((a, b) => Number(b.name === '.text') - Number(a.name === '.text'))
}
