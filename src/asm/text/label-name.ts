/** Words that begin a statement, or mean something where a label could stand. */
const reserved: ReadonlySet<string> = new Set([
  ...['if', 'goto', 'gotol', 'may_goto', 'call', 'callx', 'exit', 'lock', 'll', 'pc', 'helper', 'local'],
  ...['kfunc', 'map', 'btf', 'subprog', 'store_release', 'addr_space_cast', 'load_acquire'],
])

/** @returns whether a label can be called so: letters, digits, `_`, `.` and `$`; no register, no reserved word. */
export function isLabelName(name: string): boolean {
  return /^[A-Za-z_.$][\w.$]*$/.test(name) && !/^[rw]\d+$/.test(name) && !reserved.has(name)
}
