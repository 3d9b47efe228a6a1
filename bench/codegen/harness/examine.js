// Everything that is counted and measured about one pair.
import { slotCount } from 'tsbpf-lb/asm'
import { compileC } from './clang.js'
import { findDifference } from './compare.js'
import { loadHalf } from './half.js'
import { measureOne, measurePair } from './measure.js'
import { programFromObject } from './object-file.js'
import { loadPair } from './suite.js'

/**
 * @param options `clang`: undefined without one; `root`: whether the kernel can be asked; `rounds` of timing
 * @returns counts of both halves; what could not be had is undefined
 */
export async function examine(name, { clang, root, rounds }) {
  const pair = await loadPair(name)
  const ours = pair.program()
  const theirs = clang && programFromObject(compileC(clang, name, pair.defines?.()), ours)
  const row = { name, title: pair.title, ours: { spec: ours, instructions: slots(ours) } }
  if (theirs) row.theirs = { spec: theirs, instructions: slots(theirs) }
  if (!root) return row
  if (theirs) {
    row.difference = findDifference(pair, ours, theirs).difference
    if (row.difference !== undefined) return row
  }
  const halves = [
    [row.ours, ours],
    [row.theirs, theirs],
  ].flatMap(([into, spec]) => {
    if (spec === undefined) return []
    const half = loadHalf(spec, pair.prepare)
    Object.assign(into, { stack: half.stack, verified: half.verified })
    return [half]
  })
  try {
    const [a, b] = halves
    if (b === undefined) row.ours.nanoseconds = measureOne(a, pair.measured, rounds)
    else {
      const time = measurePair(a, b, pair.measured, rounds)
      row.ours.nanoseconds = time.ours
      row.theirs.nanoseconds = time.theirs
      row.timeRatio = time.ratio
    }
  } finally {
    for (const half of halves) half.close()
  }
  return row
}

/** Eight-byte slots: what the kernel counts as instructions. */
function slots(spec) {
  return spec.instructions.reduce((sum, instruction) => sum + slotCount(instruction), 0)
}
