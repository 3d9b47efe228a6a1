import type { Callee, FunctionGraph, MemorySpace, Type, Value } from '../../ir/graph.ts'
import type { Variable } from '../../ir/ssa-builder.ts'
import { callerPosition } from '../core/caller.ts'
import { Captures, NoCaptures } from '../core/captures.ts'
import type { Emitter, FunctionEnd } from '../core/emitter.ts'
import { leaveFunction } from './function-end.ts'
import { LoopEdges } from './loop-edges.ts'

/** A call of a helper that calls a function of the program any number of times before it returns. */
export interface CallbackCall {
  /** Of the function, for listings: a C identifier. */
  readonly name: string
  /** What the helper gives the function, in r1 and up. */
  readonly parameters: readonly Type[]
  /** Which of these is the `ctx` that the helper was given: through it the function uses what is outside of it. */
  readonly context: number
  /** Writes the function: as a loop's body, with `b.break`, `b.continue` and `b.return` in it. */
  readonly body: (parameters: readonly Value[]) => void
  /** The helper; what the function writes is added to what it writes. */
  readonly callee: Callee
  /** The helper's arguments: `callback` is the function's address, `context` is `ctx`. */
  readonly args: (callback: Value, context: Value) => Value[]
  /** Type of the helper's result; `i64` unless told otherwise. */
  readonly type?: Type
}

/**
 * Not for authors: calls a helper that takes a callback, such as `bpf_loop` or `bpf_for_each_map_elem`. The body is
 * written like that of a loop and becomes a static function. It can use everything of the function around, which
 * it reaches through a stack object (see `Captures`); variables keep what it assigns. The function returns 0 to go
 * on (at its end, `b.continue`) and 1 to stop (`b.break`); after `b.return` in it the function around returns.
 *
 * @returns the helper's result
 */
export function callWithCallback(emitter: Emitter, call: CallbackCall): Value {
  const around = emitter.end
  const left: Variable = { name: 'left', type: 'i32' }
  const result: Variable = { name: 'result', type: 'i64' }
  emitter.ssa.write(left, emitter.constant(0n, 'i32'))
  emitter.ssa.write(result, emitter.constant(0n, 'i64'))
  let returns: 'never' | 'nothing' | 'a value' = 'never'
  const end: FunctionEnd = {
    result: (value) => around.result(value),
    finish: (value, position) => {
      const { ssa } = emitter
      returns = value === undefined ? 'nothing' : 'a value'
      ssa.write(left, ssa.constant(1n, 'i32'))
      if (value !== undefined)
        ssa.write(
          result,
          value.type === 'i32' ? ssa.emit({ kind: 'extend', signed: false }, 'i64', [value]) : value,
        )
      ssa.return(ssa.constant(1n, 'i32'), position)
    },
  }
  const captures = new Captures(emitter)
  const edges = new LoopEdges(emitter)
  const leave = (to: 'again' | 'out', where: string): void => {
    edges.leaveBody(to, where)
    emitter.ssa.return(emitter.constant(to === 'again' ? 0n : 1n, 'i32'))
  }
  const go = (to: 'again' | 'out', word: string) => (): void => {
    emitter.checkReachable(word)
    leave(to, `at this ${word}`)
  }
  const graph = emitter.inFunction(call.name, { end, outside: captures }, () => {
    const parameters = call.parameters.map((type, index) => emitter.emit({ kind: 'param', index }, type))
    captures.at(parameters[call.context] ?? emitter.constant(0n, 'ptr'))
    emitter.loops.push({ proceed: go('again', 'continue'), leave: go('out', 'break'), turns: 1 })
    emitter.inScope('loop', () => call.body(parameters))
    emitter.loops.pop()
    if (emitter.reachable) leave('again', 'at the end of the loop')
  })
  edges.close()
  const { ssa } = emitter
  const context = captures.fill(`captured by ${graph.name}`)
  const callee = { ...call.callee, writes: [...new Set([...call.callee.writes, ...writesOutside(graph)])] }
  const address = ssa.emit({ kind: 'function', name: graph.name }, 'ptr')
  const returned = emitter.call(callee, call.type ?? 'i64', call.args(address, context))
  captures.takeOver(context)
  if ((returns as string) !== 'never') {
    const [leaving, after] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch('ne', ssa.read(left), ssa.constant(0n, 'i32'), leaving, after, callerPosition())
    ssa.seal(leaving)
    ssa.seal(after)
    ssa.enter(leaving)
    leaveFunction(emitter, (returns as string) === 'a value' ? ssa.read(result) : undefined, callerPosition())
    ssa.enter(after)
  }
  return returned
}

/**
 * Not for authors: a function that the kernel calls later, when the program is over (a timer's callback). It sees
 * nothing of the function that it is written in; it returns 0 at its end and at `b.return()`.
 *
 * @param name of the function, for listings: a C identifier
 * @param parameters what the kernel gives it, in r1 and up
 * @returns its address, for the helper that takes it
 */
export function laterCallback(
  emitter: Emitter,
  name: string,
  parameters: readonly Type[],
  body: (parameters: readonly Value[]) => void,
): Value {
  const outside = new NoCaptures(
    'something made outside of a callback is used in it, which runs later',
    'Keep what it needs in the map value that it is given.',
  )
  const finish = (): void => emitter.ssa.return(emitter.constant(0n, 'i32'))
  const graph = apart(emitter, () =>
    emitter.inFunction(name, { end: { result: () => undefined, finish }, outside }, () => {
      body(parameters.map((type, index) => emitter.emit({ kind: 'param', index }, type)))
      if (emitter.reachable) finish()
    }),
  )
  return emitter.ssa.emit({ kind: 'function', name: graph.name }, 'ptr')
}

/** Writes something that has nothing to do with the place being written: nothing is held there, no loop is around. */
export function apart<T>(emitter: Emitter, write: () => T): T {
  const { held, packetGeneration, packetUses } = emitter
  emitter.held = new Set()
  emitter.packetUses = []
  try {
    return write()
  } finally {
    emitter.held = held
    emitter.packetGeneration = packetGeneration
    emitter.packetUses = packetUses
  }
}

/** What a call of this function changes for its caller: memory outside, which may be the caller's stack. */
export function writesOutside(graph: FunctionGraph): MemorySpace[] {
  const spaces = new Set<MemorySpace>()
  for (const { op } of graph.blocks.flatMap((block) => block.values)) {
    if (op.kind === 'store' || op.kind === 'atomic') spaces.add(op.space)
    else if (op.kind === 'call') for (const space of op.callee.writes) spaces.add(space)
  }
  if (spaces.has('map')) spaces.add('frame')
  else spaces.delete('frame')
  return [...spaces]
}
