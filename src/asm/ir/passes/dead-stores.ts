import { frameEffects, liveFrameBytes, stepBack, visibleObjects } from '../frame-liveness.ts'
import type { FunctionGraph } from '../graph.ts'

/**
 * Removes stores to stack objects that nothing reads before they are overwritten or the function ends.
 *
 * @returns whether anything changed
 */
export function removeDeadStores(graph: FunctionGraph): boolean {
  const visible = visibleObjects(graph)
  if (visible.size === 0) return false
  const liveAtEnd = liveFrameBytes(graph, visible)
  let changed = false
  for (const block of graph.blocks) {
    const live = new Map(liveAtEnd.get(block))
    const kept = []
    for (const value of [...block.values].reverse()) {
      const effects = frameEffects(value, visible)
      const [effect] = effects
      if (
        value.op.kind === 'store' &&
        effect !== undefined &&
        ((live.get(effect.object) ?? 0n) & effect.writes) === 0n
      ) {
        changed = true
        continue
      }
      stepBack(live, effects)
      kept.push(value)
    }
    if (kept.length < block.values.length) block.values = kept.reverse()
  }
  return changed
}
