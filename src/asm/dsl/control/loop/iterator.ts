import type { Callee, Type, Value } from '../../../ir/graph.ts'
import type { KfuncSpec } from '../../../program.ts'
import { callerPosition } from '../../core/caller.ts'
import type { Emitter } from '../../core/emitter.ts'
import type { Int } from '../../core/values.ts'
import { LoopEdges } from '../loop-edges.ts'
import { indexOf, type Turns } from './range.ts'

/** The open-coded iterator over numbers (kernel/bpf/bpf_iter.c). */
const functions = {
  begin: declare('bpf_iter_num_new', ['bpf_iter_num *', 's32', 's32'], 's32'),
  next: declare('bpf_iter_num_next', ['bpf_iter_num *'], 's32 *'),
  end: declare('bpf_iter_num_destroy', ['bpf_iter_num *'], 'void'),
} as const
/** Bytes of `struct bpf_iter_num` (include/uapi/linux/bpf.h). */
const iteratorSize = 8

/** A loop over an open-coded iterator: the verifier goes through the body until nothing new comes of it. */
export function iteratorLoop(emitter: Emitter, turns: Turns, body: (index: Int<'u32'>) => void): void {
  const { ssa } = emitter
  const position = callerPosition()
  const object = emitter.frameObject('bpf_iter_num', iteratorSize, iteratorSize)
  const iterator = ssa.emit({ kind: 'frame', object }, 'ptr')
  const call = (fn: KfuncSpec, type: Type, ...args: Value[]): Value => {
    emitter.kfuncs.set(fn.name, fn)
    const callee: Callee = { kind: 'kfunc', name: fn.name, number: 0, writes: ['frame'], removable: false }
    return emitter.call(callee, type, [iterator, ...args])
  }
  const [head, inside, done] = [ssa.createBlock(), ssa.createBlock(), ssa.createBlock()]
  const count = typeof turns.count === 'number' ? ssa.constant(BigInt(turns.count), 'i32') : turns.count
  call(functions.begin, 'none', ssa.constant(0n, 'i32'), count)
  const edges = new LoopEdges(emitter)
  const leave = (to: 'again' | 'out', where: string): void => {
    edges.leaveBody(to, where)
    ssa.jump(to === 'again' ? head : done)
  }
  const go = (to: 'again' | 'out', word: string) => (): void => {
    emitter.checkReachable(word)
    leave(to, `at this ${word}`)
  }
  ssa.jump(head)
  ssa.enter(head)
  const pointer = call(functions.next, 'ptr')
  ssa.branch('ne', pointer, ssa.constant(0n, 'ptr'), inside, done, position)
  ssa.seal(inside)
  ssa.enter(inside)
  emitter.loops.push({
    proceed: go('again', 'continue'),
    leave: go('out', 'break'),
    cleanUp: () => call(functions.end, 'none'),
    turns: 1,
  })
  emitter.inScope('loop', () => {
    const turn = ssa.emit({ kind: 'load', size: 4, offset: 0, space: 'frame' }, 'i32', [pointer], position)
    body(indexOf(emitter, turns, turn))
  })
  emitter.loops.pop()
  if (emitter.reachable) leave('again', 'at the end of the loop')
  ssa.seal(head)
  ssa.seal(done)
  ssa.enter(done)
  call(functions.end, 'none')
  edges.close()
}

function declare(name: string, parameters: readonly string[], returns: string): KfuncSpec {
  return { name, parameters, returns, since: '6.4' }
}
