import { frameAddress } from '../floating.ts'
import { frameEffects, liveFrameBytes, stepBack, visibleObjects } from '../frame-liveness.ts'
import { type FrameObject, type FunctionGraph, replaceUses, type Value } from '../graph.ts'

/**
 * Lets stack objects of one size whose contents are never needed at the same time be one object. That saves stack, and
 * makes code alike that does the same with each of them.
 *
 * @returns whether anything changed
 */
export function shareFrame(graph: FunctionGraph): boolean {
  const visible = visibleObjects(graph)
  if (visible.size < 2) return false
  const conflicts = findConflicts(graph, visible)
  /** For each object that goes, the one that takes its place. */
  const place = new Map<FrameObject, FrameObject>()
  const shared: { readonly object: FrameObject; readonly members: FrameObject[] }[] = []
  for (const object of graph.frameObjects) {
    if (!visible.has(object)) continue
    const slot = shared.find(
      (other) =>
        other.object.size === object.size &&
        other.object.align === object.align &&
        other.members.every((member) => conflicts.get(member)?.has(object) !== true),
    )
    if (slot === undefined) shared.push({ object, members: [object] })
    else {
      slot.members.push(object)
      place.set(object, slot.object)
    }
  }
  if (place.size === 0) return false
  const replacements = new Map<Value, Value>()
  for (const [gone, kept] of place) replacements.set(frameAddress(graph, gone), frameAddress(graph, kept))
  replaceUses(graph, replacements)
  graph.frameObjects.splice(0, graph.frameObjects.length, ...graph.frameObjects.filter((o) => !place.has(o)))
  for (const [key, value] of [...graph.floating]) if (replacements.has(value)) graph.floating.delete(key)
  return true
}

/** For each object, those that hold something needed while it is written or used. */
function findConflicts(
  graph: FunctionGraph,
  visible: ReadonlySet<FrameObject>,
): ReadonlyMap<FrameObject, ReadonlySet<FrameObject>> {
  const conflicts = new Map<FrameObject, Set<FrameObject>>([...visible].map((object) => [object, new Set()]))
  const add = (a: FrameObject, b: FrameObject): void => {
    if (a === b) return
    conflicts.get(a)?.add(b)
    conflicts.get(b)?.add(a)
  }
  const liveAtEnd = liveFrameBytes(graph, visible)
  for (const block of graph.blocks) {
    const live = new Map(liveAtEnd.get(block))
    for (const value of [...block.values].reverse()) {
      const effects = frameEffects(value, visible)
      for (const { object } of effects) {
        for (const [other, bytes] of live) if (bytes !== 0n) add(object, other)
        for (const { object: other } of effects) add(object, other)
      }
      stepBack(live, effects)
    }
  }
  return conflicts
}
