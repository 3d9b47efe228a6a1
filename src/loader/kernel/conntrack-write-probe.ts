import { assemble } from '../../asm/assemble/assembler.ts'
import { branch, type Item, label, plain } from '../../asm/assemble/items.ts'
import { add64, mov64 } from '../../asm/isa/alu.ts'
import { callKfunc } from '../../asm/isa/call.ts'
import { annotate } from '../../asm/isa/fields.ts'
import { exit, jeq64 } from '../../asm/isa/jump.ts'
import { store } from '../../asm/isa/memory.ts'
import { type Register, r0, r1, r2, r3, r4, r5, r6, r10 } from '../../asm/isa/registers.ts'
import type { KfuncSpec, ProgramSpec } from '../../asm/program.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { loadProgram } from '../program/load.ts'
import { KernelTypeError } from '../program/resolve.ts'
import { VerifierError } from '../verifier/error.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'
import { type KernelTypes, runningKernelTypes } from './vmlinux-btf.ts'

/** What a program may do to a connection that it has made and not yet put into the table. */
export type ConntrackWrite = 'translation' | 'mark'

/**
 * Asks the verifier whether a program may set a new connection's translation (`bpf_ct_set_nat_info`), or its mark:
 * loads one that does, and lets it go. Some builds of kernels that have all it takes refuse.
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function acceptsConntrackWrite(
  write: ConntrackWrite,
  bpf: BpfSyscall = kernelBpf,
  kernel: KernelTypes = runningKernelTypes(),
): boolean {
  try {
    loadProgram(probe(write), { maps: [], bpf, kernel }).close()
    return true
  } catch (error) {
    const refused =
      error instanceof VerifierError ||
      error instanceof UnsupportedFeatureError ||
      error instanceof KernelTypeError
    if (refused) return false
    throw error
  }
}

const allocate: KfuncSpec = {
  name: 'bpf_skb_ct_alloc',
  parameters: ['__sk_buff *', 'bpf_sock_tuple *', 'u32', 'bpf_ct_opts *', 'u32'],
  returns: 'nf_conn___init *',
  since: '6.0',
}
const insert: KfuncSpec = {
  name: 'bpf_ct_insert_entry',
  parameters: ['nf_conn___init *'],
  returns: 'nf_conn *',
  since: '6.0',
}
const release: KfuncSpec = {
  name: 'bpf_ct_release',
  parameters: ['nf_conn *'],
  returns: 'void',
  since: '5.18',
}
const setNatInfo: KfuncSpec = {
  name: 'bpf_ct_set_nat_info',
  parameters: ['nf_conn___init *', 'union nf_inet_addr *', 's32', 'enum nf_nat_manip_type'],
  returns: 's32',
  since: '6.1',
}

/** Where things lie on the stack: `struct bpf_sock_tuple`, `struct bpf_ct_opts`, `union nf_inet_addr`. */
const tuple = -16
const options = -32
const address = -48
/** Size of the tuple of IPv4, and of the options as Linux 6.1 has them. */
const size = 12
/** In the options: after `s32 netns_id; s32 error`. */
const protocol = options + 8
const IPPROTO_TCP = 6

function probe(write: ConntrackWrite): ProgramSpec {
  const items: Item[] = [
    ...[-8, -16, -24, -32, -40, -48].map((offset) => plain(store(8, r10, offset, 0))),
    // -1 (BPF_F_CURRENT_NETNS): the packet's network namespace.
    plain(store(4, r10, options, -1)),
    plain(store(1, r10, protocol, IPPROTO_TCP)),
    ...stackAddress(r2, tuple),
    plain(mov64(r3, size)),
    ...stackAddress(r4, options),
    plain(mov64(r5, size)),
    plain(callKfunc(allocate.name)),
    branch(jeq64(r0, 0), 'out'),
    plain(mov64(r6, r0)),
    ...(write === 'mark' ? setMark : setTranslation),
    plain(mov64(r1, r6)),
    plain(callKfunc(insert.name)),
    branch(jeq64(r0, 0), 'out'),
    plain(mov64(r1, r0)),
    plain(callKfunc(release.name)),
    label('out'),
    plain(mov64(r0, 0)),
    plain(exit()),
  ]
  const name = 'ct_probe'
  const { instructions } = assemble(items)
  return {
    name,
    type: 'sched_cls',
    license: 'Dual MIT/GPL',
    instructions,
    functions: [{ name, start: 0 }],
    maps: [],
    kfuncs: [allocate, insert, release, setNatInfo],
  }
}

const setMark: readonly Item[] = [
  plain(mov64(r1, 0)),
  plain(
    annotate(store(4, r6, 0, r1), { symbol: { kind: 'field', struct: 'nf_conn', path: 'mark', size: 4 } }),
  ),
]

const setTranslation: readonly Item[] = [
  plain(mov64(r1, r6)),
  ...stackAddress(r2, address),
  plain(mov64(r3, 0)),
  plain(mov64(r4, 0)),
  plain(callKfunc(setNatInfo.name)),
]

function stackAddress(register: Register, offset: number): Item[] {
  return [plain(mov64(register, r10)), plain(add64(register, offset))]
}
