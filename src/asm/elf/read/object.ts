import { describePrototype } from '../../btf/prototype.ts'
import { Btf } from '../../btf/reader.ts'
import type { Endianness } from '../../isa/encode.ts'
import type { Instruction } from '../../isa/instruction.ts'
import type { FunctionSpec, KfuncSpec, ProgramSpec, ProgramType } from '../../program.ts'
import { sectionFlags, sectionTypes, symbolBindings, symbolTypes } from '../format.ts'
import { typeOfSection } from '../section-names.ts'
import { readBtfExt, type SectionInfo } from './btf-ext.ts'
import { CodeSection } from './code-section.ts'
import { type ElfFile, type FileSection, readElfFile } from './file.ts'
import { linkProgram } from './link.ts'
import { mapSpec, type ObjectMap, readMaps } from './maps.ts'

/** A program of an object, with the functions it calls behind it, as a loader would hand it to the kernel. */
export interface ObjectProgram {
  readonly name: string
  /** The section it lies in: `xdp`, `tcx/ingress`. */
  readonly section: string
  /** What libbpf takes the section for; undefined where that is not known here. */
  readonly type: ProgramType | undefined
  readonly instructions: readonly Instruction[]
  /** The entry function first. */
  readonly functions: readonly FunctionSpec[]
  /** Names of kernel functions that it calls. */
  readonly kfuncs: readonly string[]
}

/** A relocatable BPF object. */
export interface BpfObject {
  readonly endianness: Endianness
  /** Empty when the object states none. */
  readonly license: string
  readonly programs: readonly ObjectProgram[]
  readonly maps: readonly ObjectMap[]
  /** Types of programs and maps; undefined in an object compiled without -g. */
  readonly btf: Btf | undefined
  /** Text of a source line, from 1, as line_info has it. */
  line(file: string, line: number): string | undefined
}

/**
 * Reads a relocatable BPF object (ELF64, EM_BPF) as clang and this package write them, of either byte order. Names take
 * the place of relocations: maps, kernel functions, members of kernel structs; lines of source come from `.BTF.ext`.
 *
 * @throws {MalformedElfError} for a file that is no such object, or damaged
 * @throws {BtfError} for types that make no sense
 * @throws {InstructionDecodeError} for bytes that are no instructions
 */
export function readObject(bytes: Uint8Array): BpfObject {
  const file = readElfFile(bytes)
  const btfBytes = file.sections.find(({ name }) => name === '.BTF')?.bytes
  const btf = btfBytes === undefined ? undefined : Btf.parse(btfBytes)
  const records = recordsBySection(file, btf)
  const lines = new Map<string, string>()
  const codes = new Map(
    file.sections
      .filter(isCode)
      .map((section) => [
        section.index,
        new CodeSection(file, section, btf, records.get(section.name), lines),
      ]),
  )
  const entries = entryFunctions(file)
  return {
    endianness: file.littleEndian ? 'little' : 'big',
    license: licenseOf(file),
    programs: entries.map(({ name, section, value }) => {
      const code = codes.get(section)
      const linked = linkProgram(codes, file, section, value / 8)
      const sectionName = code?.name ?? ''
      return { name, section: sectionName, type: typeOfSection(sectionName), ...linked }
    }),
    maps: readMaps(file, btf),
    btf,
    line: (name, number) => lines.get(`${number} ${name}`),
  }
}

/**
 * A program of an object as this package's own have it.
 *
 * @returns undefined for a program whose type is not known here
 */
export function objectProgramSpec(object: BpfObject, program: ObjectProgram): ProgramSpec | undefined {
  const { name, type, section, instructions, functions, kfuncs } = program
  if (type === undefined) return undefined
  const used = new Set(instructions.flatMap(({ symbol }) => (symbol?.kind === 'map' ? [symbol.name] : [])))
  return {
    name: name.slice(0, 15),
    type,
    section,
    license: object.license,
    instructions,
    functions,
    maps: object.maps.filter((map) => used.has(map.name)).flatMap((map) => mapSpec(map) ?? []),
    kfuncs: kfuncs.map((kfunc): KfuncSpec => prototypeIn(object.btf, kfunc)),
  }
}

/** How an object declares a kernel function, in the notation of {@link KfuncSpec}. */
function prototypeIn(btf: Btf | undefined, name: string): KfuncSpec {
  const unknown: KfuncSpec = { name, parameters: [], returns: 'u64', since: '' }
  const id = btf?.findByName(name, 'func')
  const func = btf === undefined || id === undefined ? undefined : btf.type(id)
  if (btf === undefined || func?.kind !== 'func') return unknown
  const described = describe(btf, id ?? 0)
  return described === undefined ? unknown : { name, ...described, since: '' }
}

function describe(btf: Btf, id: number): Pick<KfuncSpec, 'parameters' | 'returns'> | undefined {
  try {
    const { parameters, returns } = describePrototype(btf, id)
    return { parameters, returns }
  } catch {
    return undefined
  }
}

function isCode({ type, flags, size }: FileSection): boolean {
  return type === sectionTypes.progbits && (flags & sectionFlags.execute) !== 0 && size > 0
}

/** Functions that a loader makes programs of: those outside of `.text`, or those inside if there are no others. */
function entryFunctions(file: ElfFile) {
  const functions = file.symbols
    .filter(({ type, section, value }) => {
      const target = file.sections[section]
      return (
        type === symbolTypes.function &&
        target !== undefined &&
        isCode(target) &&
        value % 8 === 0 &&
        value < target.size
      )
    })
    .sort((a, b) => a.section - b.section || a.value - b.value)
  const outside = functions.filter(
    ({ section, binding }) => file.sections[section]?.name !== '.text' && binding !== symbolBindings.local,
  )
  if (outside.length > 0) return outside
  return functions
}

function licenseOf(file: ElfFile): string {
  const bytes = file.sections.find(({ name }) => name === 'license')?.bytes ?? new Uint8Array()
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function recordsBySection(file: ElfFile, btf: Btf | undefined): Map<string, SectionInfo> {
  const bytes = file.sections.find(({ name }) => name === '.BTF.ext')?.bytes
  if (bytes === undefined || btf === undefined) return new Map()
  return new Map(
    [...readBtfExt(bytes, file.littleEndian)].map(([name, info]) => [btf.string(name) ?? '', info]),
  )
}
