import { type Block, type FunctionGraph, mapTerminatorArgs, terminatorArgs, type Value } from './graph.ts'

/**
 * Makes the graph SSA again after a value got a second definition: every use is given the definition that reaches it,
 * through new phis where several do (Braun et al. 2013, section 2.2).
 *
 * @param value the value with several definitions; uses of it in its own block are left alone
 * @param definitions what the value is at the end of each block that defines it, `value.block` included
 */
export function repairUses(graph: FunctionGraph, value: Value, definitions: ReadonlyMap<Block, Value>): void {
  const atStart = new Map<Block, Value>()
  const atEnd = (block: Block): Value => definitions.get(block) ?? startOf(block)
  const startOf = (block: Block): Value => {
    const known = atStart.get(block)
    if (known !== undefined) return known
    const [only, ...others] = block.predecessors
    if (only === undefined) throw new Error(`v${value.id} is used where nothing defines it`)
    if (others.length === 0) {
      // A chain of blocks is followed without recursion.
      let from = only
      while (
        definitions.get(from) === undefined &&
        atStart.get(from) === undefined &&
        from.predecessors.length === 1
      )
        from = from.predecessors[0] as Block
      const found = definitions.get(from) ?? startOf(from)
      atStart.set(block, found)
      return found
    }
    const phi: Value = {
      id: graph.nextValue++,
      op: { kind: 'phi' },
      type: value.type,
      args: [],
      block,
      source: value.source,
    }
    atStart.set(block, phi)
    phi.args = block.predecessors.map(atEnd)
    block.phis.push(phi)
    return phi
  }
  for (const block of [...graph.blocks]) {
    for (const phi of [...block.phis])
      if (phi.args.includes(value))
        phi.args = phi.args.map((arg, i) => {
          const from = block.predecessors[i]
          return arg === value && from !== undefined ? atEnd(from) : arg
        })
    if (block === value.block) continue
    for (const used of block.values)
      if (used.args.includes(value))
        used.args = used.args.map((arg) => (arg === value ? startOf(block) : arg))
    if (terminatorArgs(block.terminator).includes(value))
      block.terminator = mapTerminatorArgs(block.terminator, (arg) => (arg === value ? startOf(block) : arg))
  }
}
