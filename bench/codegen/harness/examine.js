// Everything that is counted and measured about one pair.
import { slotCount, XDP_PASS, xdp } from 'tsbpf-lb/asm'
import { halfInC } from './clang.js'
import { findDifference } from './compare.js'
import { loadHalf } from './half.js'
import { measure } from './measure.js'
import { loadPair } from './suite.js'

/** For what a test run costs by itself. XDP_PASS and TC_ACT_SHOT are the same number. */
const nothing = xdp('nothing', (b) => b.return(XDP_PASS))

/**
 * @param options `clang`: undefined without one; `root`: whether the kernel can be asked; `rounds` of timing
 * @returns counts of both halves; what could not be had is undefined
 */
export async function examine(name, { clang, root, rounds }) {
  const pair = await loadPair(name)
  const ours = pair.spec
  const theirs = clang && halfInC(clang, name, ours)
  const row = { name, title: pair.title, ours: { spec: ours, instructions: slots(ours) } }
  if (theirs) row.theirs = { spec: theirs, instructions: slots(theirs) }
  if (!root) return row
  if (theirs) row.difference = findDifference(pair, ours, theirs).difference
  if (row.difference !== undefined) return row

  const halves = theirs ? [row.ours, row.theirs] : [row.ours]
  for (const half of halves) {
    const { stack, verified, close } = loadHalf(half.spec, pair)
    Object.assign(half, { stack, verified })
    close()
  }
  const load = () => [
    ...halves.map(({ spec }) => loadHalf(spec, pair)),
    loadHalf({ ...nothing, type: ours.type }),
  ]
  const time = measure(load, pair.measured, rounds, pair.repeat)
  for (const [i, half] of halves.entries()) half.nanoseconds = time.nanoseconds[i]
  row.timeRatio = time.ratio
  return row
}

/** Eight-byte slots: what the kernel counts as instructions. */
function slots(spec) {
  return spec.instructions.reduce((sum, instruction) => sum + slotCount(instruction), 0)
}
