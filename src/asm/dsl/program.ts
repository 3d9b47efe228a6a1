import { type CompileOptions, compile } from '../ir/compile.ts'
import type { ProgramSpec, ProgramType } from '../program.ts'
import { ProgramBuilder } from './builder.ts'
import { callerPosition } from './caller.ts'
import { SkBuff, type SkbContext } from './context.ts'
import { Emitter } from './emitter.ts'
import { BuildError } from './errors.ts'
import { structRef } from './reference.ts'

/** Options of a program. */
export interface ProgramOptions extends CompileOptions {
  /** Dual MIT/GPL unless told otherwise; many helpers and kfuncs ask for a GPL-compatible license. */
  readonly license?: string
  /** Section of an ELF object (`tcx/ingress`); the usual one of the program's type unless told otherwise. */
  readonly section?: string
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
  write: (b: ProgramBuilder, skb: SkbContext) => void,
  options: ProgramOptions = {},
): ProgramSpec {
  return program('sched_cls', name, options, (emitter, b) => {
    const context = emitter.emit({ kind: 'param', index: 0 }, 'ptr')
    write(b, structRef(emitter, SkBuff, context, 'context', 'skb') as unknown as SkbContext)
  })
}

function program(
  type: ProgramType,
  name: string,
  options: ProgramOptions,
  write: (emitter: Emitter, b: ProgramBuilder) => void,
): ProgramSpec {
  const position = callerPosition()
  if (!/^[A-Za-z0-9_.]{1,15}$/.test(name))
    throw new BuildError(
      'PROGRAM_NAME',
      `program name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ .`,
      position,
    )
  const emitter = new Emitter(name)
  write(emitter, new ProgramBuilder(emitter))
  if (emitter.reachable)
    throw new BuildError('NO_RETURN', `${name} can reach its end without b.return(…)`, position)
  const { instructions } = compile(emitter.ssa.graph, options)
  return {
    name,
    type,
    license: options.license ?? 'Dual MIT/GPL',
    ...(options.section !== undefined && { section: options.section }),
    instructions,
    functions: [{ name, start: 0 }],
    maps: [...emitter.maps.values()],
    kfuncs: [...emitter.kfuncs.values()],
  }
}
