import type { AttachSpec } from '../../attach.ts'
import { type CompileOptions, compile } from '../../ir/compile.ts'
import type { Fields } from '../../layout/struct.ts'
import type { FunctionSpec, ProgramSpec, ProgramType } from '../../program.ts'
import { ProgramBuilder } from '../builder.ts'
import { programEnd } from '../control/function-end.ts'
import { callerPosition } from '../core/caller.ts'
import { Emitter, type KernelFeatures, type WrittenFunction } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type SkbContext, TcContext } from './context.ts'
import { type ContextRef, type ContextType, contextRef, type PacketAccess } from './context-ref.ts'
import type { Returns } from './returns.ts'

/** How to build a program: what can be changed when it is built again. */
export interface BuildOptions extends CompileOptions {
  /** What the kernel can do that will run it. */
  readonly kernel?: KernelFeatures
}

/** Options of a program. */
export interface ProgramOptions extends BuildOptions {
  /** Dual MIT/GPL unless told otherwise; many helpers and kfuncs ask for a GPL-compatible license. */
  readonly license?: string
  /** Section of an ELF object (`tcx/ingress`); the usual one of the program's type unless told otherwise. */
  readonly section?: string
}

/** A program written in the DSL. */
export interface BuiltProgram extends ProgramSpec {
  /** Writes and compiles the program again with other options: without the optimisations, for another kernel. */
  rebuild(options: BuildOptions): BuiltProgram
}

/**
 * A TC program (`sched_cls`), for tcx or clsact. `write` is run once, to write the program; it must end every way
 * with `b.return(verdict)`.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function tc(
  name: string,
  write: (b: ProgramBuilder<'sched_cls'>, skb: SkbContext) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  return contextProgram({ type: 'sched_cls' }, name, TcContext, 'skb', write, options)
}

/** A kind of program: what all of its programs have in common. */
export interface ProgramKind<P extends ProgramType = ProgramType> {
  readonly type: P
  /** What its programs may return; anything when absent. */
  readonly returns?: Returns
  /** What its programs are meant for, where the kernel wants to know that. */
  readonly attach?: AttachSpec
  /** They may sleep. */
  readonly sleepable?: boolean
}

/** As {@link program}, for a program whose argument is a context. `what` is what errors call that. */
export function contextProgram<
  P extends ProgramType,
  F extends Fields,
  H extends string,
  W extends string,
  A extends PacketAccess | undefined,
>(
  kind: ProgramKind<P>,
  name: string,
  context: ContextType<F, H, W, A>,
  what: string,
  write: (b: ProgramBuilder<P>, context: ContextRef<ContextType<F, H, W, A>>) => void,
  options: ProgramOptions,
): BuiltProgram {
  return program(kind, name, options, (emitter, b) => {
    write(b, contextRef(emitter, context, emitter.emit({ kind: 'param', index: 0 }, 'ptr'), what))
  })
}

/** Writes and compiles a program of any kind: what the constructors such as {@link tc} are made of. */
export function program<P extends ProgramType>(
  kind: ProgramKind<P>,
  name: string,
  options: ProgramOptions,
  write: (emitter: Emitter, b: ProgramBuilder<P>) => void,
): BuiltProgram {
  const position = callerPosition()
  if (!/^[A-Za-z0-9_.]{1,15}$/.test(name))
    throw new BuildError(
      'PROGRAM_NAME',
      `program name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ .`,
      position,
    )
  const emitter = new Emitter(name, programEnd, { ...kind, kernel: options.kernel })
  write(emitter, new ProgramBuilder<P>(emitter))
  if (emitter.reachable)
    throw new BuildError('NO_RETURN', `${name} can reach its end without b.return(…)`, position)
  const written = emitter.functions
  const { instructions, functions } = compile(
    written.map(({ graph }) => graph),
    options,
  )
  return {
    name,
    type: kind.type,
    license: options.license ?? 'Dual MIT/GPL',
    ...(kind.attach !== undefined && { attach: kind.attach }),
    ...(kind.sleepable === true && { sleepable: true }),
    ...(options.section !== undefined && { section: options.section }),
    instructions,
    functions: functions.map((spec) => ({ ...spec, ...prototypeOf(spec.name, written) })),
    maps: [...emitter.maps.values()],
    kfuncs: [...emitter.kfuncs.values()],
    rebuild: (changed) => program(kind, name, { ...options, ...changed }, write),
  }
}

function prototypeOf(name: string, written: readonly WrittenFunction[]): Pick<FunctionSpec, 'prototype'> {
  const prototype = written.find(({ graph }) => graph.name === name)?.prototype
  return prototype === undefined ? {} : { prototype }
}
