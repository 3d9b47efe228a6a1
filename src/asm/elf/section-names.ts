import type { ProgramSpec, ProgramType } from '../program.ts'
import { ElfError } from './error.ts'

/**
 * By program type, the section that libbpf takes for it (`section_defs` in tools/lib/bpf/libbpf.c). Types whose
 * section names what they are attached to are missing.
 */
const usual: Readonly<Partial<Record<ProgramType, string>>> = {
  socket_filter: 'socket',
  kprobe: 'kprobe',
  sched_cls: 'tc',
  sched_act: 'action',
  tracepoint: 'tracepoint',
  xdp: 'xdp',
  cgroup_skb: 'cgroup/skb',
  raw_tracepoint: 'raw_tp',
  syscall: 'syscall',
}

/** Sections with a meaning of their own. */
const taken = /^(\.|maps$|license$|version$)/

/** The section that a program goes to. @throws {ElfError} when its type has no usual one and none is given */
export function sectionOf(spec: ProgramSpec): string {
  const section = spec.section ?? usual[spec.type]
  if (section === undefined)
    throw new ElfError(
      `program "${spec.name}" (${spec.type}) needs a section name, which says what it is attached to`,
      'Give it one, such as section: "cgroup/connect4" or "fentry/tcp_connect".',
    )
  if (section === '' || taken.test(section))
    throw new ElfError(`program "${spec.name}" cannot be in section "${section}"`)
  return section
}
