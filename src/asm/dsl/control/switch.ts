import { bitsOf } from '../../ir/arithmetic.ts'
import { constantOf } from '../../ir/fold.ts'
import type { Block } from '../../ir/graph.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Int, literal, type Net } from '../core/values.ts'

/** Cases by literal; `default` is for all other values, which else skip the statement. */
export type SwitchCases = { readonly [literal: number]: () => void } & { readonly default?: () => void }

/** Cases as a list: a literal, or several that share the case, and what runs. */
export type SwitchList = readonly (readonly [number | bigint | readonly (number | bigint)[], () => void])[]

/** Values from `low` to `high`, as the register has them, that go to one block. */
interface Target {
  readonly low: bigint
  readonly high: bigint
  readonly block: Block
}

/** Cases up to this number are tried one after the other, in the order in which they are written. */
const chainLength = 4

/** Sorts out what is written: where each value goes, and the ways through the statement, that of `default` first. */
export function switchTargets(
  emitter: Emitter,
  value: Int | Net,
  cases: SwitchCases | SwitchList,
  otherwise: (() => void) | undefined,
): { readonly targets: Target[]; readonly ways: { readonly block: Block; readonly body: () => void }[] } {
  const list: SwitchList = Array.isArray(cases)
    ? (cases as SwitchList)
    : Object.entries(cases as Readonly<Record<string, () => void>>).flatMap(([key, body]) =>
        key === 'default' ? [] : [[literalKey(key), body] as const],
      )
  const rest = Array.isArray(cases) ? otherwise : (cases as SwitchCases).default
  const ways = [{ block: emitter.ssa.createBlock(), body: rest ?? (() => {}) }]
  const targets: Target[] = []
  const seen = new Map<bigint, number | bigint>()
  for (const [literals, body] of list) {
    const block = emitter.ssa.createBlock()
    ways.push({ block, body })
    const values = typeof literals === 'object' ? literals : [literals]
    if (values.length === 0)
      throw new BuildError('LITERAL', 'a case of this switch has no literal', callerPosition())
    for (const each of values) {
      const raw = constantOf(literal(emitter, each, value.type)) ?? 0n
      if (seen.has(raw))
        throw new BuildError('DUPLICATE_CASE', `two cases of this switch are for ${each}`, callerPosition(), {
          hint: 'One value has one case; several values can share one: [[80, 443], () => …].',
        })
      seen.set(raw, each)
      const number = value.type.signed ? BigInt.asIntN(bitsOf(value.ir.type), raw) : raw
      targets.push({ low: number, high: number, block })
    }
  }
  return { targets, ways }
}

/** A key of an object as the number that it was written as. */
function literalKey(key: string): bigint {
  if (/^-?\d+$/.test(key)) return BigInt(key)
  throw new BuildError('LITERAL', `"${key}" is not an integer`, callerPosition(), {
    hint: 'The keys of a switch are integers and `default`.',
  })
}

/** Goes to the block of the value: by comparisons one after the other, or by halves where there are many. */
export function dispatch(
  emitter: Emitter,
  value: Int | Net,
  targets: readonly Target[],
  otherwise: Block | undefined,
): void {
  const { ssa } = emitter
  const register = value.ir
  const bits = bitsOf(register.type)
  const signed = value.type.signed
  const position = callerPosition()
  if (otherwise === undefined) return
  const branch = (comparison: 'eq' | 'gt' | 'le' | 'ge', to: bigint, yes: Block, no: Block): void => {
    const name = comparison !== 'eq' && signed ? (`s${comparison}` as const) : comparison
    ssa.branch(name, register, ssa.constant(BigInt.asUintN(bits, to), register.type), yes, no, position)
  }
  const next = (write: (block: Block) => void): void => {
    const block = ssa.createBlock()
    write(block)
    ssa.seal(block)
    ssa.enter(block)
  }
  const chain = (list: readonly Target[]): void => {
    for (const { low, high, block } of list) {
      if (low === high) {
        next((not) => branch('eq', low, block, not))
      } else {
        next((above) => branch('ge', low, above, otherwise))
        next((not) => branch('le', high, block, not))
      }
    }
    ssa.jump(otherwise)
  }
  const halves = (list: readonly Target[]): void => {
    if (list.length <= chainLength) {
      chain(list)
      return
    }
    const middle = list.length >> 1
    const right = ssa.createBlock()
    next((left) => branch('gt', list[middle - 1]?.high ?? 0n, right, left))
    halves(list.slice(0, middle))
    ssa.seal(right)
    ssa.enter(right)
    halves(list.slice(middle))
  }
  if (targets.length <= chainLength) chain(targets)
  else halves(ranges(targets))
}

/** Sorted, neighbours that go to the same block as one. */
function ranges(targets: readonly Target[]): Target[] {
  const merged: Target[] = []
  for (const target of targets.toSorted((a, b) => (a.low < b.low ? -1 : 1))) {
    const last = merged[merged.length - 1]
    if (last !== undefined && last.block === target.block && last.high + 1n === target.low)
      merged[merged.length - 1] = { ...last, high: target.high }
    else merged.push(target)
  }
  return merged
}
