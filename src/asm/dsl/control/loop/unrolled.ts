import { u32 } from '../../../layout/scalar.ts'
import type { Emitter } from '../../core/emitter.ts'
import { Int } from '../../core/values.ts'
import { checkSameHeld } from '../held.ts'

/** The body again and again, each time with a constant as index. */
export function unrolledLoop(
  emitter: Emitter,
  turns: { readonly count: number; readonly from: number; readonly step: number },
  body: (index: Int<'u32'>) => void,
): void {
  const { ssa } = emitter
  const held = new Set(emitter.held)
  const after = ssa.createBlock()
  let latest = emitter.packetGeneration
  for (let turn = 0; turn < turns.count && emitter.reachable; turn++) {
    const next = ssa.createBlock()
    let moved = emitter.packetGeneration
    const leave = (to: typeof next, where: string): void => {
      checkSameHeld(emitter, held, where)
      if (to === next) moved = Math.max(moved, emitter.packetGeneration)
      latest = Math.max(latest, emitter.packetGeneration)
      ssa.jump(to)
    }
    const go = (to: typeof next, word: string) => (): void => {
      emitter.checkReachable(word)
      leave(to, `at this ${word}`)
    }
    emitter.loops.push({ proceed: go(next, 'continue'), leave: go(after, 'break'), turns: 1 })
    emitter.inScope('loop', () => {
      const index = emitter.constant(BigInt(turns.from + turn * turns.step), 'i32')
      body(new Int(emitter, u32, index))
    })
    emitter.loops.pop()
    if (emitter.reachable) leave(next, 'at the end of the loop')
    ssa.seal(next)
    emitter.held = new Set(held)
    emitter.packetGeneration = moved
    if (next.predecessors.length > 0) ssa.enter(next)
  }
  if (emitter.reachable) ssa.jump(after)
  ssa.seal(after)
  emitter.packetGeneration = latest
  if (after.predecessors.length > 0) ssa.enter(after)
}
