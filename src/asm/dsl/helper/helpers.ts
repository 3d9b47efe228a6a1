import type { Callee, MemorySpace } from '../../ir/graph.ts'
import { type HelperName, helperNumber } from '../../text/helper-names.ts'
import type { HelperEntry } from './table/entry.ts'
import { helperTable } from './table/helper-table.ts'

/**
 * Helper functions as callees, by the kernel's names. One that fills in memory counts as writing to the stack and to
 * map values; `calleeOf` can be more precise.
 */
export const helpers: Readonly<Record<HelperName, Callee>> = Object.fromEntries(
  Object.entries(helperTable).map(([name, entry]) => [
    name,
    calleeOf(name as HelperName, fillsIn(entry) ? ['frame', 'map'] : []),
  ]),
) as Record<HelperName, Callee>

/** A helper as a callee; `filled` are the spaces of the memory that it is given to write to. */
export function calleeOf(name: HelperName, filled: readonly MemorySpace[]): Callee {
  const { writes, pure } = helperTable[name]
  return {
    kind: 'helper',
    name: `bpf_${name}`,
    number: helperNumber(name),
    writes: [...new Set([...writes, ...filled])],
    removable: pure,
  }
}

/** A helper by its name; undefined for a name that is none. */
export function helperEntry(name: string): HelperEntry | undefined {
  return Object.hasOwn(helperTable, name) ? helperTable[name as HelperName] : undefined
}

function fillsIn(entry: HelperEntry): boolean {
  return Object.values(entry.takes).some((parameter) => 'written' in parameter && parameter.written)
}
