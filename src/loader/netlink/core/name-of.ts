/** The key of `table` that has `value`; `undefined` when there is none. */
export function nameOf<K extends string>(table: Readonly<Record<K, number>>, value: number): K | undefined {
  for (const key in table) if (table[key] === value) return key
  return undefined
}
