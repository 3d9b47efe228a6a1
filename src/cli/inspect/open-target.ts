import { controlFlowGraph } from '../../asm/analysis/control-flow-graph.ts'
import type { BpfObject } from '../../asm/elf/read/object.ts'
import type { CompileOptions, Trace } from '../../asm/ir/compile.ts'
import { parsePasses } from '../../asm/ir/pipeline.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import type { ProgramSpec, ProgramType } from '../../asm/program.ts'
import type { InspectedProgram, MachineCode } from '../../asm/report/program-report.ts'
import { InvalidRequestError, NotFoundError } from '../../programs/load-balancer/control/errors.ts'
import type { Translation } from '../../programs/load-balancer/datapath/ingress.ts'
import { inputName, isProgramText, programBytes, readInput } from '../program-files.ts'
import { exportedPrograms } from '../program-modules.ts'
import { type Target, targetHelp } from './target.ts'

/** How a target is to be opened. */
export interface OpenOptions {
  /** Of lb_ingress: who translates. */
  readonly translate: Translation
  /** The type of programs that do not say it themselves: instructions, and objects with sections of their own. */
  readonly type?: ProgramType | undefined
  /** Compiles programs of the DSL anew, with these passes (as a command line names them); others cannot be. */
  readonly passes?: string | undefined
  /** Compiles programs of the DSL anew, and watches. */
  readonly trace?: Trace | undefined
}

/** A program to be inspected, and what can be done with it. */
export interface OpenedProgram {
  readonly program: InspectedProgram
  /** The program as it can be loaded and run; undefined of those that are loaded, or whose type is not known. */
  readonly spec: ProgramSpec | undefined
  /** Initial contents of maps that hold global variables, by name. */
  readonly globals?: ReadonlyMap<string, Uint8Array>
  /** Of loaded programs. */
  readonly machineCode?: MachineCode
  readonly remarks: readonly string[]
}

/** A program of the DSL can be compiled again. */
interface Rebuildable {
  rebuild(options: CompileOptions): ProgramSpec
}

/**
 * Opens a target.
 *
 * @throws {NotFoundError} when there is no such file or program
 * @throws {InvalidRequestError} when a file holds several programs and none is named
 */
export async function openTarget(target: Target, options: OpenOptions): Promise<OpenedProgram> {
  switch (target.kind) {
    case 'shipped':
      return await openShipped(target.name, options)
    case 'module':
      return await openModule(target.file, target.program, options)
    case 'object':
      return await openObject(target.file, target.program, options)
    case 'instructions':
      return await openInstructions(target.file, options)
    default:
      return await openLoaded(target, options)
  }
}

async function openShipped(name: string, options: OpenOptions): Promise<OpenedProgram> {
  const { shippedNames, shippedProgram } = await import('../../programs/shipped.ts')
  if (!shippedNames.includes(name))
    throw new NotFoundError(
      `there is no program "${name}"`,
      `The programs are: ${shippedNames.join(', ')}.\nA target is ${targetHelp}.`,
    )
  const spec = recompile((await shippedProgram(name))({ translate: options.translate }), options)
  return await openSpec(spec, 'comes with tsbpf-lb')
}

async function openModule(
  file: string,
  program: string | undefined,
  options: OpenOptions,
): Promise<OpenedProgram> {
  const spec = choose(await exportedPrograms(file), file, program)
  return await openSpec(recompile(spec, options), `exported by ${file}`)
}

/** Compiled by us: positions are followed to the TypeScript, whose text can be read. */
async function openSpec(spec: ProgramSpec, origin: string): Promise<OpenedProgram> {
  const { FileSourceText } = await import('../../loader/source-text.ts')
  const { locateSource } = await import('../../loader/program/locate-source.ts')
  const source = new FileSourceText()
  const located = locateSource(spec, source)
  const line = (file: string, number: number) => source.line(file, number)
  return { program: { ...located, origin, line }, spec, remarks: [] }
}

function recompile(spec: ProgramSpec, options: OpenOptions): ProgramSpec {
  if (!compilesAnew(options)) return spec
  if (!canRebuild(spec))
    throw new InvalidRequestError(
      `program "${spec.name}" was not written in the DSL, so it cannot be compiled again`,
      '--passes and --ir are for what tc(…), xdp(…) and their like return.',
    )
  const { passes, trace } = options
  return spec.rebuild({
    ...(passes !== undefined && { passes: parsePasses(passes) }),
    ...(trace !== undefined && { trace }),
  })
}

function canRebuild(spec: ProgramSpec): spec is ProgramSpec & Rebuildable {
  return 'rebuild' in spec && typeof spec.rebuild === 'function'
}

async function openObject(
  file: string,
  name: string | undefined,
  options: OpenOptions,
): Promise<OpenedProgram> {
  refuseCompiling(options, `${file} is compiled already`)
  const { objectProgramSpec, readObject } = await import('../../asm/elf/read/object.ts')
  const object: BpfObject = readObject(await readInput(file))
  const found = choose(object.programs, file, name)
  const chosen = { ...found, type: options.type ?? found.type }
  const spec = objectProgramSpec(object, chosen)
  const { FileSourceText } = await import('../../loader/source-text.ts')
  const source = new FileSourceText()
  return {
    program: {
      ...chosen,
      origin: `${file}, section ${chosen.section}`,
      maps: object.maps,
      kfuncs: spec?.kfuncs ?? [],
      // The object has the lines that have instructions; the file, if it is there and the same, has all.
      line: (path, number) => {
        const known = object.line(path, number)
        return known ?? (path.startsWith('/') ? source.line(path, number) : undefined)
      },
    },
    spec,
    globals: new Map(
      object.maps.flatMap(({ name: map, contents }) =>
        contents === undefined || contents.byteLength === 0 ? [] : [[map, contents] as const],
      ),
    ),
    remarks: object.btf === undefined ? [`${file} has no BTF: compile with -g to see source lines.`] : [],
  }
}

async function openInstructions(file: string, options: OpenOptions): Promise<OpenedProgram> {
  refuseCompiling(options, `${file} holds instructions`)
  const input = await readInput(file)
  const name = inputName(file).split('/').at(-1) ?? file
  const { type } = options
  const opened = (instructions: readonly Instruction[], line?: InspectedProgram['line']): OpenedProgram => ({
    program: { name, type, origin: inputName(file), instructions, ...(line !== undefined && { line }) },
    spec: type === undefined ? undefined : bareSpec(name, type, instructions),
    remarks: [],
  })
  if (!isProgramText(input))
    return opened((await import('../../asm/isa/decode.ts')).decode(programBytes(input)))
  const { assembleText } = await import('../../asm/text/assemble-text.ts')
  const text = Buffer.from(input).toString('utf8')
  const { instructions } = assembleText(text, { file: inputName(file), unreachable: 'report' })
  const lines = text.split(/\r?\n/)
  return opened(instructions, (_, number) => lines[number - 1])
}

/** Instructions as a program that can be loaded and run: without maps and kernel functions. */
function bareSpec(name: string, type: ProgramType, instructions: readonly Instruction[]): ProgramSpec {
  const clean = name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 15) || 'program'
  const { functions } = controlFlowGraph({ instructions, functions: [{ name: clean, start: 0 }] })
  return {
    name: clean,
    type,
    license: 'GPL',
    instructions,
    functions: functions.map(({ name: function_, start }) => ({ name: function_, start })),
    maps: [],
    kfuncs: [],
  }
}

async function openLoaded(
  target: Extract<Target, { readonly kind: 'id' | 'name' | 'tag' | 'pin' }>,
  options: OpenOptions,
): Promise<OpenedProgram> {
  refuseCompiling(options, 'a loaded program is compiled already')
  const { checkPrivileges } = await import('../../programs/load-balancer/control/privileges.ts')
  const { BpfProgram } = await import('../../loader/program/program.ts')
  const { readLoadedProgram } = await import('../../loader/program/loaded-program.ts')
  checkPrivileges()
  const hint = '`bpftool prog` lists the programs that are loaded.'
  const open = (): InstanceType<typeof BpfProgram> | undefined => {
    if (target.kind === 'pin') return BpfProgram.openPinned(target.path)
    if (target.kind === 'id') return BpfProgram.openId(target.id)
    const ids = BpfProgram.findIds(target)
    if (ids.length > 1)
      throw new InvalidRequestError(
        `${ids.length} loaded programs have the ${target.kind} "${target.kind === 'name' ? target.name : target.tag}"`,
        `Choose one: ${ids.map((id) => `id:${id}`).join(', ')}.`,
      )
    return ids[0] === undefined ? undefined : BpfProgram.openId(ids[0])
  }
  using program = open()
  if (program === undefined)
    throw new NotFoundError(
      `no program with the ${target.kind} ${'id' in target ? target.id : 'name' in target ? `"${target.name}"` : 'tag' in target ? target.tag : ''} is loaded`,
      hint,
    )
  const { machineCode, ...loaded } = readLoadedProgram(program)
  return { ...loaded, spec: undefined, ...(machineCode !== undefined && { machineCode }) }
}

function compilesAnew({ passes, trace }: OpenOptions): boolean {
  return passes !== undefined || trace !== undefined
}

function refuseCompiling(options: OpenOptions, why: string): void {
  if (compilesAnew(options))
    throw new InvalidRequestError(why, '--passes and --ir are for programs written in the DSL.')
}

/** The program of that name, or the only one. */
function choose<T extends { readonly name: string }>(
  programs: readonly T[],
  file: string,
  name: string | undefined,
): T {
  const [only] = programs
  const names = programs.map((program) => program.name).join(', ')
  if (name !== undefined) {
    const found = programs.find((program) => program.name === name)
    if (found !== undefined) return found
    throw new NotFoundError(`${file} has no program "${name}"`, `Its programs are: ${names || 'none'}.`)
  }
  if (only === undefined) throw new NotFoundError(`${file} has no program`, '')
  if (programs.length > 1)
    throw new InvalidRequestError(
      `${file} has ${programs.length} programs: ${names}`,
      `Name one: ${file}#${only.name}`,
    )
  return only
}
