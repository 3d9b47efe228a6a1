import { formatPosition } from '../../diagnostics/source-position.ts'
import type { Callee, MemorySpace, Value } from '../../ir/graph.ts'
import { hasEffect } from '../../ir/graph.ts'
import { type ScalarType, u32 } from '../../layout/scalar.ts'
import type { StructType } from '../../layout/struct.ts'
import type { FunctionParameter, FunctionPrototype, MapSpec } from '../../program.ts'
import { callerPosition } from '../core/caller.ts'
import { NoCaptures } from '../core/captures.ts'
import type { Emitter } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { expression, Int, literal, Net, registerType, widenTo } from '../core/values.ts'
import { helpers } from '../helper/helpers.ts'
import { addressOf, type Located, location } from '../memory/location.ts'
import { structRef } from '../memory/reference.ts'
import { type ContextHandle, contextParts, contextRef } from '../program/context-ref.ts'
import { apart, writesOutside } from './callback.ts'
import { functionEnd } from './function-end.ts'
import { checkNothingHeld } from './held.ts'
import { Loops } from './loops.ts'
import type { Argument, Parameter, Returned, Subprogram } from './subprogram.ts'

/** What a program knows of a function that it has written. */
interface Known {
  readonly callee: Callee
  readonly movesPacket: boolean
}

/** Calls of the program's own functions. */
export class Functions extends Loops {
  readonly #known = new Map<Subprogram, Known | 'being written'>()

  /** Calls a function of the program; see `subprogram`. */
  call<P extends Readonly<Record<string, Parameter>>, R extends ScalarType | 'void'>(
    fn: Subprogram<P, R>,
    args: { readonly [K in keyof P]: Argument<P[K]> },
  ): Returned<R> {
    const { emitter } = this
    emitter.checkReachable('call', callerPosition())
    const { callee, movesPacket } = this.#function(fn as unknown as Subprogram)
    const values = Object.entries(fn.parameters).map(([name, parameter]) =>
      argument(emitter, `${fn.name}: ${name}`, parameter, (args as Readonly<Record<string, unknown>>)[name]),
    )
    const type: ScalarType | 'void' = fn.returns
    const result = emitter.call(callee, type === 'void' ? 'none' : registerType(type), values)
    if (movesPacket) emitter.movePacket()
    if (type === 'void') return undefined as Returned<R>
    return expression(emitter, type, fn.global ? narrow(emitter, result, type) : result) as Returned<R>
  }

  /**
   * Goes on with the program that user space has put at `index` of a `prog_array`, and does not come back. Where there
   * is none, what follows runs. Functions around use less than 256 bytes of stack together.
   *
   * @param context of this program: the other one gets the same
   * @throws {BuildError} with something held that only this program could release
   */
  tailCall(
    context: ContextHandle,
    programs: { readonly spec: MapSpec },
    index: number | Int<'u8'> | Int<'u16'> | Int<'u32'>,
  ): void {
    const { emitter } = this
    const position = callerPosition()
    emitter.checkReachable('tail call', position)
    const { spec } = programs
    if (spec.type !== 'prog_array')
      throw new BuildError(
        'MAP_TYPE',
        `a tail call takes a prog_array, map "${spec.name}" is of type ${spec.type}`,
        position,
      )
    const where =
      position === undefined ? '' : `The tail call at ${formatPosition(position)} does not come back.`
    checkNothingHeld(emitter, where, 'tail call')
    if (emitter.loops.some(({ cleanUp }) => cleanUp !== undefined))
      throw new BuildError('TAIL_CALL', 'a tail call leaves a loop over an iterator open', position, {
        hint: "Make the tail call after the loop, or take { strategy: 'bounded' }.",
      })
    emitter.useMap(spec)
    const map = emitter.emit({ kind: 'map', name: spec.name }, 'ptr')
    const at = typeof index === 'number' ? literal(emitter, index, u32) : index.ir
    emitter.call(helpers.tail_call, 'none', [contextParts(context).pointer, map, at])
  }

  /** The function in this program; written when it is called first. */
  #function(fn: Subprogram): Known {
    const known = this.#known.get(fn)
    if (known === 'being written')
      throw new BuildError('RECURSION', `${fn.name} calls itself`, callerPosition(), {
        hint: 'BPF has no recursion: write a loop.',
      })
    if (known !== undefined) return known
    this.#known.set(fn, 'being written')
    const written = this.#write(fn)
    this.#known.set(fn, written)
    return written
  }

  #write(fn: Subprogram): Known {
    const { emitter } = this
    const position = callerPosition()
    const end = functionEnd(emitter, fn.name, fn.returns)
    const outside = new NoCaptures(
      `something made outside of ${fn.name} is used in it, which is a function of its own`,
      'Pass it as an argument.',
    )
    const prototype = fn.global ? { prototype: prototypeOf(fn) } : {}
    let movesPacket = false
    const graph = apart(emitter, () => {
      const before = emitter.packetMoves
      const written = emitter.inFunction(fn.name, { end, outside, ...prototype }, () => {
        const args = this.#parameters(fn)
        fn.write(this as never, args as never)
        if (!emitter.reachable) return
        if (fn.returns !== 'void')
          throw new BuildError('NO_RETURN', `${fn.name} can reach its end without b.return(…)`, position, {
            hint: 'End every way through the function with b.return(value).',
          })
        end.finish(undefined, undefined)
      })
      movesPacket = emitter.packetMoves !== before
      return written
    })
    const writes: MemorySpace[] = writesOutside(graph)
    const removable = graph.blocks.every((block) => !block.values.some(hasEffect))
    return { callee: { kind: 'function', name: graph.name, number: 0, writes, removable }, movesPacket }
  }

  #parameters(fn: Subprogram): Readonly<Record<string, unknown>> {
    const { emitter } = this
    const entries = Object.entries(fn.parameters)
    const values = entries.map(([, parameter], index) =>
      emitter.emit({ kind: 'param', index }, parameter.kind === 'scalar' ? registerType(parameter) : 'ptr'),
    )
    return Object.fromEntries(
      entries.map(([name, parameter], index) => {
        const value = values[index] ?? emitter.constant(0n, 'i64')
        if (parameter.kind === 'scalar')
          return [name, expression(emitter, parameter, fn.global ? narrow(emitter, value, parameter) : value)]
        if (fn.global && parameter.kind === 'pointer') this.#refuseNull(value)
        if (parameter.kind === 'context') return [name, contextRef(emitter, parameter.type, value, name)]
        return [name, structRef(emitter, parameter.type as StructType, value, 'map', name)]
      }),
    )
  }

  /** To the verifier a global function's pointers can be null, although no call passes one. */
  #refuseNull(pointer: Value): void {
    const { emitter } = this
    const null_ = emitter.constant(0n, 'ptr')
    this.orElse('ne', pointer, null_, () => emitter.ssa.return(emitter.constant(0n, 'i32')))
  }
}

/** What the verifier does not know to be narrow, of a type narrower than a register. */
function narrow(emitter: Emitter, value: Value, type: ScalarType): Value {
  if (type.size >= 4 || type.signed) return value
  const mask = emitter.constant((1n << BigInt(type.size * 8)) - 1n, 'i32')
  return emitter.emit({ kind: 'binary', operator: 'and' }, 'i32', [value, mask])
}

function argument(emitter: Emitter, what: string, parameter: Parameter, given: unknown): Value {
  if (parameter.kind === 'scalar') {
    if (typeof given === 'number' || typeof given === 'bigint') return literal(emitter, given, parameter)
    if (given instanceof Int && parameter.order === 'host') return widenTo(emitter, given, parameter)
    if (given instanceof Net && given.type.name === parameter.name) return given.ir
    throw new BuildError(
      'ARGUMENT',
      `${what} is a ${parameter.name}, this is something else`,
      callerPosition(),
    )
  }
  const at = (given as Located)[location]
  if (parameter.kind === 'context') {
    const { type, pointer } = contextParts(given as ContextHandle)
    if (type === (parameter.type as unknown)) return pointer
    throw new BuildError('ARGUMENT', `${what} is the context of another type of program`, callerPosition(), {
      hint: 'Pass the context that the program was given.',
    })
  }
  if (at.type !== (parameter.type as unknown))
    throw new BuildError(
      'ARGUMENT',
      `${what} is a ${parameter.type.name}, this is ${at.what}`,
      callerPosition(),
    )
  if (at.kind !== 'frame' && at.kind !== 'map')
    throw new BuildError(
      'ARGUMENT',
      `${what} cannot be ${at.what}, which is in ${at.kind} memory`,
      callerPosition(),
      {
        hint: 'Copy what the function needs to the stack, or pass the context and let the function take the header.',
      },
    )
  return addressOf(given as Located)
}

function prototypeOf(fn: Subprogram): FunctionPrototype {
  const parameters = Object.entries(fn.parameters).map(([name, parameter]): FunctionParameter => {
    if (parameter.kind === 'scalar') return { kind: 'scalar', name, type: parameter.name }
    if (parameter.kind === 'context') return { kind: 'context', name }
    return { kind: 'memory', name, type: parameter.type as StructType }
  })
  return { parameters, returns: fn.returns === 'void' ? 's32' : fn.returns.name }
}
