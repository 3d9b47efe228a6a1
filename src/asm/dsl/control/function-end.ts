import type { SourcePosition } from '../../diagnostics/source-position.ts'
import type { Value } from '../../ir/graph.ts'
import { type ScalarType, scalarRange } from '../../layout/scalar.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, FunctionEnd, Result } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, Net, widenTo } from '../core/values.ts'
import { checkReturned } from '../program/returns.ts'

/** Leaves the function being written, after what its loops want done before. */
export function leaveFunction(
  emitter: Emitter,
  result: Value | undefined,
  position: SourcePosition | undefined,
): void {
  for (const loop of emitter.loops.toReversed()) loop.cleanUp?.()
  emitter.end.finish(result, position)
}

/** The end of a program: any integer is returned as it is, literals as 32 bits. */
export function programEnd(emitter: Emitter): FunctionEnd {
  return {
    result: (value) => {
      if (value instanceof Int) return value.ir
      if (typeof value === 'number' || typeof value === 'bigint') {
        const [low, high] = [-(2n ** 31n), 2n ** 32n - 1n]
        if (typeof value === 'number' && !Number.isInteger(value))
          throw new BuildError('LITERAL', `${value} is not an integer`, callerPosition())
        const wide = BigInt(value)
        if (wide < low || wide > high)
          throw new BuildError('LITERAL', `${value} does not fit 32 bits (${low}..${high})`, callerPosition())
        checkReturned(emitter.name, emitter.returns, Number(wide), callerPosition())
        return emitter.emit({ kind: 'const', value: BigInt.asUintN(32, wide) }, 'i32')
      }
      throw new BuildError(
        'RETURN_TYPE',
        value === undefined
          ? 'b.return() without a value in a program, which returns one'
          : 'a program returns a host-order integer, this is in network order',
        callerPosition(),
        {
          hint: value === undefined ? 'Give it the verdict: b.return(0).' : 'Convert it: value.toHost().',
        },
      )
    },
    finish: (result, position) => {
      if (result !== undefined) emitter.ssa.return(result, position)
    },
  }
}

/** The end of a function of the program that returns this type. */
export function functionEnd(emitter: Emitter, name: string, type: ScalarType | 'void'): FunctionEnd {
  return {
    result: (value) => (type === 'void' ? nothing(name, value) : resultOf(emitter, name, type, value)),
    finish: (result, position) => {
      const { ssa } = emitter
      if (result === undefined || type === 'void') ssa.return(ssa.constant(0n, 'i32'), position)
      else if (result.type === 'i64' && type.size < 8)
        ssa.return(ssa.emit({ kind: 'truncate' }, 'i32', [result], position), position)
      else ssa.return(result, position)
    },
  }
}

function nothing(name: string, value: Result): undefined {
  if (value === undefined) return
  throw new BuildError('RETURN_TYPE', `${name} returns nothing, here it returns a value`, callerPosition(), {
    hint: "Write b.return(), or declare a type of result instead of 'void'.",
  })
}

function resultOf(emitter: Emitter, name: string, type: ScalarType, value: Result): Value {
  if (typeof value === 'number' || typeof value === 'bigint') return literal(emitter, value, type)
  if (value instanceof Net && value.type.name === type.name) return value.ir
  if (value instanceof Int && type.order === 'host') {
    const { min, max } = scalarRange(value.type)
    const own = scalarRange(type)
    if (min >= own.min && max <= own.max) return widenTo(emitter, value, type)
  }
  const given = value === undefined ? 'nothing' : `a ${value.type.name}`
  throw new BuildError(
    'RETURN_TYPE',
    `${name} returns a ${type.name}, here it returns ${given}`,
    callerPosition(),
    {
      hint: `Convert the value to ${type.name}, or declare another type of result.`,
    },
  )
}
