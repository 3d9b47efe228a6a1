import { assemble } from '../../../src/asm/assemble/assembler.ts'
import { branch, type Item, label, plain } from '../../../src/asm/assemble/items.ts'
import { add64, mov64 } from '../../../src/asm/isa/alu.ts'
import { callHelper, callKfunc, callKfuncById } from '../../../src/asm/isa/call.ts'
import { annotate } from '../../../src/asm/isa/fields.ts'
import { exit, ja, jlt64, jne64 } from '../../../src/asm/isa/jump.ts'
import { loadMap } from '../../../src/asm/isa/load-imm64.ts'
import { load, store } from '../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r3, r4, r5, r6, r10 } from '../../../src/asm/isa/registers.ts'
import type { KfuncSpec, MapSpec, ProgramSpec } from '../../../src/asm/program.ts'
import type { SourceText } from '../../../src/loader/source-text.ts'

/** A program that every kernel rejects, and what must be said about it. */
export interface RejectedProgram {
  readonly spec: ProgramSpec
  /** The verifier's reason, first line. */
  readonly reason: RegExp
  /** The line of {@link source} at fault; 0 when the reason concerns no line. */
  readonly line: number
  /** What the advice is about. */
  readonly hint: RegExp
}

/** Pretends to be the TypeScript that the programs were written in: statement `n` of a program is on line `n`. */
export const source: SourceText = {
  locate: (position) => position,
  line: (file, line) => (line >= 1 && line <= 20 ? `  statement(${line}) // of ${file}` : undefined),
}

/** The map that the programs look up in. */
export const counters: MapSpec = {
  name: 'counters',
  type: 'hash',
  keySize: 4,
  valueSize: 8,
  maxEntries: 8,
  flags: 0,
}

const lookup: KfuncSpec = {
  name: 'bpf_skb_ct_lookup',
  parameters: ['__sk_buff *', 'bpf_sock_tuple *', 'u32', 'bpf_ct_opts *', 'u32'],
  returns: 'nf_conn *',
  since: '5.18',
}
const release: KfuncSpec = {
  name: 'bpf_ct_release',
  parameters: ['nf_conn *'],
  returns: 'void',
  since: '5.18',
}

/** Stack, key and arguments of a conntrack lookup: five arguments over zeroed stack. */
const ctLookup: Item[] = [
  ...[-8, -16, -24, -32].map((offset) => plain(store(8, r10, offset, 0))),
  plain(mov64(r2, r10)),
  plain(add64(r2, -16)),
  plain(mov64(r3, 12)),
  plain(mov64(r4, r10)),
  plain(add64(r4, -32)),
  plain(mov64(r5, 12)),
]

const lookupCounter: Item[] = [
  plain(store(4, r10, -4, 0)),
  plain(mov64(r2, r10)),
  plain(add64(r2, -4)),
  plain(loadMap(r1, 'counters')),
  plain(callHelper(1, 'map_lookup_elem')),
]

const done: Item[] = [plain(mov64(r0, 0)), plain(exit())]

/** The programs by name. */
export const rejectedPrograms: Readonly<Record<string, RejectedProgram>> = {
  'packet-out-of-bounds': {
    spec: program([[plain(load(4, r2, r1, 76))], [plain(load(1, r0, r2, 12))], done]),
    reason: /^invalid access to packet, off=12 size=1/,
    line: 2,
    hint: /data_end/,
  },
  'unchecked-map-value': {
    spec: program([lookupCounter, [plain(load(8, r3, r0, 0))], done]),
    reason: /invalid mem access 'map_value_or_null'/,
    line: 2,
    hint: /null/,
  },
  'leaked-reference': {
    spec: program([ctLookup, [plain(callKfunc('bpf_skb_ct_lookup'))], done], [lookup]),
    reason: /^Unreleased reference/,
    line: 3,
    hint: /released on every path/,
  },
  'unreleased-on-one-path': {
    spec: program(
      [
        [...ctLookup, plain(callKfunc('bpf_skb_ct_lookup')), branch(jne64(r0, 0), 'found'), ...done],
        [label('found'), plain(mov64(r1, r0)), plain(load(4, r6, r0, 0)), branch(jlt64(r6, 3), 'out')],
        [plain(callKfunc('bpf_ct_release'))],
        [label('out'), ...done],
      ],
      [lookup, release],
    ),
    reason: /^Unreleased reference/,
    line: 4,
    hint: /released on every path/,
  },
  'unknown-kfunc': {
    spec: program([[plain(callKfuncById(0x7fffffff))], done]),
    reason: /^kernel btf_id 2147483647 is not a function/,
    line: 0,
    hint: /another kernel/,
  },
  'forbidden-kfunc': {
    spec: program(
      [[plain(callKfunc('bpf_sock_destroy'))], done],
      [{ name: 'bpf_sock_destroy', parameters: ['sock_common *'], returns: 's32', since: '6.5' }],
    ),
    reason: /calling kernel function bpf_sock_destroy is not allowed/,
    line: 1,
    hint: /may not call/,
  },
  'uninitialised-register': {
    spec: program([[plain(mov64(r2, 1))], [plain(mov64(r0, r4))], [plain(exit())]]),
    reason: /^R4 !read_ok/,
    line: 2,
    hint: /before anything is written/,
  },
  'endless-loop': {
    spec: program([[plain(mov64(r0, 0))], [label('again'), branch(ja(), 'again')]]),
    reason: /infinite loop detected|back-edge/,
    line: 2,
    hint: /bound/,
  },
  'too-many-instructions': {
    spec: program([
      [plain(mov64(r6, 0))],
      [label('again'), plain(add64(r6, 1)), branch(jlt64(r6, 2_000_000), 'again')],
      done,
    ]),
    reason: /program is too large. Processed 1000001 insn/,
    line: 2,
    hint: /million/,
  },
  unreachable: {
    spec: program([done, [plain(mov64(r0, 1))], [plain(exit())]]),
    reason: /^unreachable insn 2/,
    line: 2,
    hint: /no path/,
  },
}

function program(statements: readonly (readonly Item[])[], kfuncs: readonly KfuncSpec[] = []): ProgramSpec {
  const items = statements.flatMap((statement, at) => statement.map((item) => onLine(item, at + 1)))
  const { instructions } = assemble(items, { unreachable: 'report' })
  return {
    name: 'rejected',
    type: 'sched_cls',
    license: 'Dual MIT/GPL',
    instructions,
    functions: [{ name: 'rejected', start: 0 }],
    maps: [counters],
    kfuncs,
  }
}

function onLine(item: Item, line: number): Item {
  if (item.kind === 'label') return item
  const source = { file: 'rejected.ts', line, column: 3 }
  return { ...item, instruction: annotate(item.instruction, { source }) }
}
