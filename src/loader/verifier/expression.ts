/**
 * The expression of a source line that a column points into, such as `ip.protocol` of `if (ip.protocol.eq(6))`: how
 * the author calls what an instruction works on. Calls are left out at its end: they are what is done with it.
 *
 * @param column counted from 1
 * @returns empty when there is nothing short to show
 */
export function expressionAt(text: string, column: number): string {
  const chain = /[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[[\w$. ]*\])*/g
  for (let match = chain.exec(text); match !== null; match = chain.exec(text)) {
    const start = match.index + 1
    if (column < start) return ''
    if (column >= start + match[0].length) continue
    const names = match[0].split('.')
    // Only as far as the column: `ip.protocol` of `ip.protocol.eq(…)`.
    let end = start + (names[0]?.length ?? 0)
    let count = 1
    while (count < names.length && column >= end + 1) end += 1 + (names[count++]?.length ?? 0)
    const called = text[end - 1] === '('
    const kept = names.slice(0, called ? count - 1 : count)
    const expression = kept.join('.')
    return kept.length === 0 || expression === 'b' || expression.startsWith('b.') ? '' : expression
  }
  return ''
}
