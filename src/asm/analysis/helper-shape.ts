import type { HelperEntry, HelperParameter, HelperResult } from '../dsl/helper/table/entry.ts'
import { helperTable } from '../dsl/helper/table/helper-table.ts'

/** A helper as its registers see it. */
export interface HelperShape {
  /** r1 and up. */
  readonly registers: readonly HelperRegister[]
  readonly gives: HelperResult
  /** Whether pointers into the packet are stale afterwards. */
  readonly moves: boolean
}

/** One argument of a helper. */
export interface HelperRegister {
  /** What the parameter is called. */
  readonly name: string
  readonly kind: HelperParameter['kind'] | 'size'
  /** Whether the helper writes what the argument points to. */
  readonly written: boolean
  /** Bytes of the memory that it points to, if they are always the same. */
  readonly size?: number
  /** The register that passes them otherwise. */
  readonly sizeRegister?: number
}

const shapes = new Map<string, HelperShape>()

/** The shape of a helper by its name, with `bpf_`; undefined for other functions. */
export function helperShape(name: string): HelperShape | undefined {
  const key = name.replace(/^bpf_/, '')
  const known = shapes.get(key)
  if (known !== undefined || !name.startsWith('bpf_') || !Object.hasOwn(helperTable, key)) return known
  const entry: HelperEntry = helperTable[key as keyof typeof helperTable]
  const shape = { registers: registersOf(entry), gives: entry.gives, moves: entry.moves }
  shapes.set(key, shape)
  return shape
}

function registersOf({ takes }: HelperEntry): HelperRegister[] {
  const registers: HelperRegister[] = []
  for (const [name, parameter] of Object.entries(takes)) {
    const { kind } = parameter
    const written = 'written' in parameter ? parameter.written : !readOnly.has(kind)
    const sized = (kind === 'memory' && parameter.size === undefined) || (kind === 'text' && parameter.sized)
    registers.push({
      name,
      kind,
      written,
      ...(kind === 'memory' && parameter.size !== undefined && { size: parameter.size }),
      ...(sized && { sizeRegister: registers.length + 2 }),
    })
    if (sized) registers.push({ name: `size of ${name}`, kind: 'size', written: false })
  }
  return registers
}

/** Arguments behind which nothing is changed. */
const readOnly: ReadonlySet<string> = new Set(['key', 'text', 'map', 'scalar', 'flags', 'address'])
