import { u32 } from '../../../layout/scalar.ts'
import { callerPosition } from '../../core/caller.ts'
import type { Emitter } from '../../core/emitter.ts'
import { Int } from '../../core/values.ts'
import { LoopEdges } from '../loop-edges.ts'
import { indexOf, type Turns } from './range.ts'

/** A loop that the verifier goes through turn by turn (Linux 5.3). */
export function boundedLoop(emitter: Emitter, turns: Turns, body: (index: Int<'u32'>) => void): void {
  const { ssa } = emitter
  const [head, inside, step, after] = [
    ssa.createBlock(),
    ssa.createBlock(),
    ssa.createBlock(),
    ssa.createBlock(),
  ]
  const counter = { name: 'counter', type: 'i32' } as const
  const { first, end, by, index } = counting(emitter, turns)
  const position = callerPosition()
  ssa.write(counter, ssa.constant(BigInt(first), 'i32'))
  const bound = typeof end === 'number' ? ssa.constant(BigInt(end), 'i32') : end
  const edges = new LoopEdges(emitter)
  const go = (to: 'again' | 'out', word: string) => (): void => {
    emitter.checkReachable(word)
    edges.leaveBody(to, `at this ${word}`)
    ssa.jump(to === 'again' ? step : after)
  }
  ssa.jump(head)
  ssa.enter(head)
  const current = ssa.read(counter)
  ssa.branch('lt', current, bound, inside, after, position)
  ssa.seal(inside)
  ssa.enter(inside)
  emitter.loops.push({ proceed: go('again', 'continue'), leave: go('out', 'break'), turns: turns.max })
  emitter.inScope('loop', () => body(index(current)))
  emitter.loops.pop()
  if (emitter.reachable) {
    edges.leaveBody('again', 'at the end of the loop')
    ssa.jump(step)
  }
  ssa.seal(step)
  if (step.predecessors.length > 0) {
    ssa.enter(step)
    const one = ssa.constant(BigInt(by), 'i32')
    ssa.write(
      counter,
      ssa.emit({ kind: 'binary', operator: 'add' }, 'i32', [ssa.read(counter), one], position),
    )
    ssa.jump(head)
  }
  ssa.seal(head)
  ssa.seal(after)
  ssa.enter(after)
  edges.close()
}

/** Constant ranges count with the index itself, others with the number of the turn. */
function counting(emitter: Emitter, turns: Turns) {
  const { count, from, step } = turns
  const end = typeof count === 'number' && typeof from === 'number' ? from + count * step : undefined
  if (end !== undefined && end < 2 ** 32 && typeof from === 'number')
    return { first: from, end, by: step, index: (value: Int['ir']) => new Int(emitter, u32, value) }
  return { first: 0, end: count, by: 1, index: (turn: Int['ir']) => indexOf(emitter, turns, turn) }
}
