import type { AttachSpec } from './attach.ts'
import type { Instruction } from './isa/instruction.ts'
import type { ScalarName } from './layout/scalar.ts'
import type { FieldType, StructType } from './layout/struct.ts'

/** Program types by the names libbpf and bpftool use; numbers from `enum bpf_prog_type` (include/uapi/linux/bpf.h). */
export const programTypes = {
  socket_filter: 1,
  kprobe: 2,
  sched_cls: 3,
  sched_act: 4,
  tracepoint: 5,
  xdp: 6,
  cgroup_skb: 8,
  cgroup_sock: 9,
  sock_ops: 13,
  raw_tracepoint: 17,
  cgroup_sock_addr: 18,
  flow_dissector: 22,
  tracing: 26,
  lsm: 29,
  sk_lookup: 30,
  syscall: 31,
} as const

/** The kind of program, which decides its context, its helpers and where it can be attached. */
export type ProgramType = keyof typeof programTypes

/** Map types by bpftool's names; numbers from `enum bpf_map_type` (include/uapi/linux/bpf.h). */
export const mapTypes = {
  hash: 1,
  array: 2,
  prog_array: 3,
  perf_event_array: 4,
  percpu_hash: 5,
  percpu_array: 6,
  stack_trace: 7,
  cgroup_array: 8,
  lru_hash: 9,
  lru_percpu_hash: 10,
  lpm_trie: 11,
  array_of_maps: 12,
  hash_of_maps: 13,
  devmap: 14,
  sockmap: 15,
  cpumap: 16,
  xskmap: 17,
  sockhash: 18,
  cgroup_storage: 19,
  reuseport_sockarray: 20,
  percpu_cgroup_storage: 21,
  queue: 22,
  stack: 23,
  sk_storage: 24,
  devmap_hash: 25,
  ringbuf: 27,
  inode_storage: 28,
  task_storage: 29,
  bloom_filter: 30,
  user_ringbuf: 31,
  cgrp_storage: 32,
} as const

/** The kind of map. */
export type MapType = keyof typeof mapTypes

/** How an element may be stored: `BPF_ANY`, `BPF_NOEXIST`, `BPF_EXIST` (include/uapi/linux/bpf.h). */
export const updateFlags = { any: 0, noexist: 1, exist: 2 } as const

/** A map as a program needs it; nothing here depends on a running kernel. */
export interface MapSpec {
  /** 1–15 characters of `[A-Za-z0-9_.]`: the kernel's limit (BPF_OBJ_NAME_LEN). */
  readonly name: string
  readonly type: MapType
  /** Bytes of a key; 0 for ring buffers. */
  readonly keySize: number
  /** Bytes of a value (one CPU's share in per-CPU maps); 4 for maps of maps. */
  readonly valueSize: number
  readonly maxEntries: number
  /** `BPF_F_*` creation flags. */
  readonly flags: number
  /** The template of the maps held by an `array_of_maps` or `hash_of_maps`. */
  readonly inner?: MapSpec
  /** Of the map that holds global data: what it begins with, and who may change it. */
  readonly global?: GlobalData
  /** What keys and values look like, where that is known: `bpftool map dump` then shows field names. */
  readonly layout?: MapLayout
}

/** Global data: the only value of an array map, whose address is in the program. */
export interface GlobalData {
  /**
   * `rodata`: constant once the program is loaded, so that the verifier leaves out what it never does; `data`, `bss`:
   * read and written by program and user space, `bss` zero at first.
   */
  readonly section: 'rodata' | 'data' | 'bss'
  /** As many bytes as the map's value has. */
  readonly initial: Uint8Array
}

/** The layouts of a map's keys and values; their sizes are those of the {@link MapSpec}. */
export interface MapLayout {
  readonly key: FieldType
  readonly value: FieldType
}

/** A kernel function as the program expects it; the loader compares it with the kernel's own prototype. */
export interface KfuncSpec {
  readonly name: string
  /**
   * Parameter types: `'u32'`-like scalars, `'enum nf_nat_manip_type'`, or a pointer such as `'nf_conn *'` (struct
   * name without `struct`) or `'union nf_inet_addr *'`.
   */
  readonly parameters: readonly string[]
  /** Result type in the same notation, or `'void'`. */
  readonly returns: string
  /** First kernel release that has it, such as `'6.1'`: for the error message on an older one. */
  readonly since: string
}

/** One function (subprogram) inside a program. */
export interface FunctionSpec {
  readonly name: string
  /** Index into `instructions` of its first instruction. */
  readonly start: number
  /**
   * Makes it global: the kernel verifies it once and for itself, by this prototype. Without one it is static and
   * verified anew for each call, with the arguments that it gets there.
   */
  readonly prototype?: FunctionPrototype
}

/** What the kernel is told of a global function. */
export interface FunctionPrototype {
  readonly parameters: readonly FunctionParameter[]
  readonly returns: ScalarName
}

/** A parameter of a global function. */
export type FunctionParameter =
  | { readonly kind: 'scalar'; readonly name: string; readonly type: ScalarName }
  /** The program's context. */
  | { readonly kind: 'context'; readonly name: string }
  /** Memory of this layout, or null. */
  | { readonly kind: 'memory'; readonly name: string; readonly type: StructType }

/** A compiled program: pure data. Symbols are still names; the loader resolves them against a kernel. */
export interface ProgramSpec {
  /** 1–15 characters of `[A-Za-z0-9_.]`. */
  readonly name: string
  readonly type: ProgramType
  /** What it is meant for, where the kernel wants to know that when it loads the program. */
  readonly attach?: AttachSpec
  /** It may sleep (`BPF_F_SLEEPABLE`), which programs of type `syscall` must say. */
  readonly sleepable?: boolean
  /** Section of an ELF object, as libbpf reads it (`tcx/ingress`); the usual one of the type when absent. */
  readonly section?: string
  /** License string; the conntrack kfuncs need a GPL-compatible one such as `Dual MIT/GPL`. */
  readonly license: string
  readonly instructions: readonly Instruction[]
  /** The entry function first. */
  readonly functions: readonly FunctionSpec[]
  /** Every map that an instruction refers to by name. */
  readonly maps: readonly MapSpec[]
  /** Every kfunc that an instruction refers to by name. */
  readonly kfuncs: readonly KfuncSpec[]
}
