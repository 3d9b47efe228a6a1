/** Numbers of bpf(2) commands: `enum bpf_cmd` (include/uapi/linux/bpf.h). */
export const bpfCommands = {
  BPF_MAP_CREATE: 0,
  BPF_MAP_LOOKUP_ELEM: 1,
  BPF_MAP_UPDATE_ELEM: 2,
  BPF_MAP_DELETE_ELEM: 3,
  BPF_MAP_GET_NEXT_KEY: 4,
  BPF_PROG_LOAD: 5,
  BPF_OBJ_PIN: 6,
  BPF_OBJ_GET: 7,
  BPF_PROG_TEST_RUN: 10,
  BPF_PROG_GET_NEXT_ID: 11,
  BPF_MAP_GET_NEXT_ID: 12,
  BPF_PROG_GET_FD_BY_ID: 13,
  BPF_MAP_GET_FD_BY_ID: 14,
  BPF_OBJ_GET_INFO_BY_FD: 15,
  BPF_PROG_QUERY: 16,
  BPF_RAW_TRACEPOINT_OPEN: 17,
  BPF_BTF_LOAD: 18,
  BPF_BTF_GET_FD_BY_ID: 19,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: 21,
  BPF_MAP_FREEZE: 22,
  BPF_BTF_GET_NEXT_ID: 23,
  BPF_MAP_LOOKUP_BATCH: 24,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH: 25,
  BPF_MAP_UPDATE_BATCH: 26,
  BPF_MAP_DELETE_BATCH: 27,
  BPF_LINK_CREATE: 28,
  BPF_LINK_UPDATE: 29,
  BPF_LINK_GET_FD_BY_ID: 30,
  BPF_LINK_GET_NEXT_ID: 31,
  BPF_LINK_DETACH: 34,
} as const

/** A command of bpf(2) that this package issues. */
export type BpfCommand = keyof typeof bpfCommands

/** Kinds of link: `enum bpf_link_type` (include/uapi/linux/bpf.h), by bpftool's names. */
export const linkTypes = {
  raw_tracepoint: 1,
  tracing: 2,
  cgroup: 3,
  iter: 4,
  netns: 5,
  xdp: 6,
  perf_event: 7,
  kprobe_multi: 8,
  struct_ops: 9,
  netfilter: 10,
  tcx: 11,
  uprobe_multi: 12,
  netkit: 13,
  sockmap: 14,
} as const

/** Flags of BPF_LINK_CREATE, BPF_LINK_UPDATE and friends (include/uapi/linux/bpf.h). */
export const attachFlags = {
  /** BPF_F_REPLACE: LINK_UPDATE only if the old program is the expected one. */
  replace: 1 << 2,
  /** BPF_F_BEFORE. */
  before: 1 << 3,
  /** BPF_F_AFTER. */
  after: 1 << 4,
  /** BPF_F_ID: the anchor is an id, not a file descriptor. */
  id: 1 << 5,
  /** BPF_F_LINK: the anchor is a link, not a program. */
  link: 1 << 13,
} as const

/** Map creation flags (include/uapi/linux/bpf.h). */
export const mapFlags = {
  /** BPF_F_NO_PREALLOC; an `lpm_trie` cannot be made without it. */
  no_prealloc: 1 << 0,
  /** BPF_F_RDONLY_PROG: programs may only read. */
  rdonly_prog: 1 << 7,
} as const

/** BPF_OBJ_NAME_LEN: 15 characters and a terminating zero. */
export const OBJECT_NAME_SIZE = 16
