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
  sk_lookup: 'sk_lookup',
  flow_dissector: 'flow_dissector',
  syscall: 'syscall',
}

/** The section of a program that says what it is attached to; undefined when its type says enough. */
function sectionOfTarget({ type, attach, sleepable }: ProgramSpec): string | undefined {
  const target = attach?.target
  switch (target?.kind) {
    case 'function': {
      const kinds = { trace_fentry: 'fentry', trace_fexit: 'fexit', modify_return: 'fmod_ret' } as const
      const kind = Object.entries(kinds).find(([name]) => name === attach?.type)?.[1]
      return kind && `${kind}${sleepable === true ? '.s' : ''}/${target.name}`
    }
    case 'lsm':
      return `lsm${sleepable === true ? '.s' : ''}/${target.name}`
    case 'raw-tracepoint':
      return `${target.typed ? 'tp_btf' : 'raw_tp'}/${target.name}`
    case 'tracepoint':
      return `tracepoint/${target.category}/${target.name}`
    case 'kprobe': {
      const offset = target.offset === 0 ? '' : `+${target.offset}`
      return `${target.returning ? 'kretprobe' : 'kprobe'}/${target.name}${offset}`
    }
  }
  if (type === 'cgroup_skb') return attach?.type?.replace('cgroup_inet_', 'cgroup_skb/')
  // `cgroup/sock_create`, `cgroup/post_bind4`.
  if (type === 'cgroup_sock')
    return sockAddrSection(attach?.type) ?? attach?.type?.replace('cgroup_inet_', 'cgroup/')
  return type === 'cgroup_sock_addr' ? sockAddrSection(attach?.type) : undefined
}

/** `cgroup/connect4`, `cgroup/sendmsg6`. */
function sockAddrSection(type: string | undefined): string | undefined {
  const match = /^cgroup_(?:inet|udp)([46])_(\w+)$/.exec(type ?? '')
  return match === null ? undefined : `cgroup/${match[2]}${match[1]}`
}

/** Sections with a meaning of their own. */
const taken = /^(\.|maps$|license$|version$)/

/** The section that a program goes to. @throws {ElfError} when its type has no usual one and none is given */
export function sectionOf(spec: ProgramSpec): string {
  const section = spec.section ?? sectionOfTarget(spec) ?? usual[spec.type]
  if (section === undefined)
    throw new ElfError(
      `program "${spec.name}" (${spec.type}) needs a section name, which says what it is attached to`,
      'Give it one, such as section: "cgroup/connect4" or "fentry/tcp_connect".',
    )
  if (section === '' || taken.test(section))
    throw new ElfError(`program "${spec.name}" cannot be in section "${section}"`)
  return section
}

/** Beginnings of section names by what libbpf takes them for, longer ones first. */
const prefixes: readonly (readonly [RegExp, ProgramType])[] = [
  [
    /^(?:k|kret|u|uret)(?:probe|syscall)(?:\.multi|\.s)?(?:$|[/+])|^(?:kprobe|uprobe)\.(?:multi|session)/,
    'kprobe',
  ],
  [/^(?:tcx\/|netkit\/|tc(?:$|[/_])|classifier)/, 'sched_cls'],
  [/^action(?:$|\/)/, 'sched_act'],
  [/^(?:tp|tracepoint)(?:$|\/)/, 'tracepoint'],
  [/^(?:raw_tp|raw_tracepoint)(?:$|[/.])/, 'raw_tracepoint'],
  [/^(?:fentry|fexit|fmod_ret|tp_btf|iter)(?:$|[/.])/, 'tracing'],
  [/^lsm(?:$|[/.+_])/, 'lsm'],
  [/^xdp(?:$|[/.])/, 'xdp'],
  [/^(?:cgroup_skb\/|cgroup\/skb)/, 'cgroup_skb'],
  [/^cgroup\/(?:bind|connect|sendmsg|recvmsg|getpeername|getsockname)/, 'cgroup_sock_addr'],
  [/^socket/, 'socket_filter'],
  [/^syscall/, 'syscall'],
]

/** The type that libbpf gives a program in this section; undefined for sections and types that are not known here. */
export function typeOfSection(section: string): ProgramType | undefined {
  // A leading ? asks libbpf not to load the program unless told to.
  const name = section.replace(/^\?/, '')
  return prefixes.find(([pattern]) => pattern.test(name))?.[1]
}
