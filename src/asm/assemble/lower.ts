import { branchKind } from '../isa/branch.ts'
import { cpuFeatureOf, cpuLevelOf } from '../isa/cpu-level.ts'
import type { Endianness } from '../isa/encode.ts'
import type { CpuLevel } from '../isa/opcodes.ts'
import { pseudoC } from '../text/pseudo-c.ts'
import { rewriteForCpu } from './cpu-rewrite.ts'
import { CpuLevelError } from './errors.ts'
import type { Entry } from './link.ts'

/** A program of which every instruction is of the CPU level asked for. */
export interface Lowered {
  readonly entries: readonly Entry[]
  /** Index of the first new entry of each old one; at the end, their number. */
  readonly starts: readonly number[]
}

/**
 * Replaces instructions above a CPU level by others that do the same (see cpu-rewrite.ts).
 *
 * @throws {CpuLevelError} naming an instruction that nothing of that level can stand for
 */
export function lowerToCpu(entries: readonly Entry[], cpu: CpuLevel, endianness: Endianness): Lowered {
  if (entries.every(({ instruction }) => cpuLevelOf(instruction) <= cpu)) {
    return { entries, starts: Array.from({ length: entries.length + 1 }, (_, index) => index) }
  }
  const made = entries.map(({ instruction, item }) => {
    const steps = rewriteForCpu(instruction, cpu, endianness)
    const feature = cpuFeatureOf(instruction)
    if (steps !== undefined || feature === undefined) return steps ?? [{ instruction }]
    throw new CpuLevelError(pseudoC(instruction), item, feature, cpu, instruction.source)
  })
  const starts = [0]
  for (const steps of made) starts.push((starts.at(-1) ?? 0) + steps.length)
  const lowered = entries.flatMap((entry, index) =>
    (made[index] ?? []).map(({ instruction, to }): Entry => {
      const isBranch = branchKind(instruction) !== undefined
      const old = !isBranch ? undefined : to === 'next' ? index + 1 : entry.target
      return {
        instruction,
        item: entry.item,
        target: old === undefined ? undefined : starts[old],
        targetName: isBranch ? entry.targetName : '',
      }
    }),
  )
  return { entries: lowered, starts }
}
