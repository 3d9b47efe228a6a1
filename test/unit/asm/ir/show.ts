import { type Block, type FunctionGraph, reversePostorder, type Value } from '../../../../src/asm/ir/graph.ts'

/**
 * A graph as lines of text, blocks and values numbered in the order in which they are reached, so that the numbers
 * say nothing about what a pass has removed.
 */
export function show(graph: FunctionGraph): string[] {
  const order = reversePostorder(graph)
  const blocks = new Map(order.map((block, i) => [block, `b${i}`]))
  const names = new Map<Value, string>()
  for (const block of order)
    for (const value of [...block.phis, ...block.values])
      if (value.op.kind !== 'const') names.set(value, `v${names.size}`)
  const name = (value: Value): string =>
    value.op.kind === 'const' ? `${value.op.value}` : (names.get(value) ?? '(not in the graph)')
  const block = (b: Block): string => blocks.get(b) ?? '(unreachable)'
  return order.flatMap((b) => {
    const lines = [`${block(b)}:`]
    for (const phi of b.phis) {
      const inputs = phi.args.map((arg, i) => {
        const from = b.predecessors[i]
        return `${from === undefined ? '?' : block(from)} ${name(arg)}`
      })
      lines.push(`  ${name(phi)} = phi ${inputs.join(', ')}`)
    }
    for (const value of b.values)
      if (value.op.kind !== 'const')
        lines.push(`  ${value.type === 'none' ? '' : `${name(value)} = `}${operation(value, name)}`)
    const end = b.terminator
    if (end.kind === 'jump') lines.push(`  goto ${block(end.target)}`)
    else if (end.kind === 'return') lines.push(`  return ${name(end.value)}`)
    else if (end.kind === 'branch')
      lines.push(
        `  if ${name(end.left)} ${end.comparison} ${name(end.right)} ${block(end.whenTrue)} else ${block(end.whenFalse)}`,
      )
    return lines
  })
}

function operation({ op, type, args }: Value, name: (value: Value) => string): string {
  const operands = args.map(name).join(', ')
  switch (op.kind) {
    case 'binary':
      return `${op.operator} ${type} ${operands}`
    case 'swap':
      return `swap${op.bits} ${operands}`
    case 'extend':
      return `${op.signed ? 'sign' : 'zero'}-extend ${operands}`
    case 'load':
      return `load${op.size} ${op.space} [${operands}+${op.offset}]`
    case 'store': {
      const [base, value] = args.map(name)
      return `store${op.size} ${op.space} [${base}+${op.offset}] ${value}`
    }
    case 'call':
      return `call ${op.callee.name}(${operands})`
    case 'param':
      return `param ${op.index}`
    case 'map':
      return `map ${op.name}`
    case 'frame':
      return `frame ${op.object.name}`
    default:
      return `${op.kind} ${operands}`
  }
}
