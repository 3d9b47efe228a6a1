import { s64, u32, u64 } from '../../../layout/scalar.ts'
import {
  acquiredOrNull,
  address,
  anyMap,
  bareText,
  callback,
  callbackContext,
  context,
  flags,
  helper,
  input,
  int,
  mapOf,
  memoryOrNull,
  objectOrNull,
  output,
  outputOf,
  perCpuObject,
  seqFile,
  spinLock,
  text,
  timer,
} from './entry.ts'
import { on } from './program-sets.ts'

/** Clocks, random numbers, the CPU: helpers that only give a number. */
export const numbers = {
  /** Nanoseconds since boot; the clock stands still while the machine is suspended. Since Linux 4.1. */
  ktime_get_ns: helper('4.1', on.everything, {}, u64, { pure: true }),
  /** Nanoseconds since boot, suspensions included. Since Linux 5.8. */
  ktime_get_boot_ns: helper('5.8', on.everything, {}, u64, { pure: true }),
  /**
   * Nanoseconds since boot as of the last timer tick: cheaper than `ktime_get_ns`, and some milliseconds late.
   * Since Linux 5.11.
   */
  ktime_get_coarse_ns: helper('5.11', on.network, {}, u64, { pure: true }),
  /** Nanoseconds of International Atomic Time: wall-clock time without leap seconds. Since Linux 6.1. */
  ktime_get_tai_ns: helper('6.1', on.everything, {}, u64, { pure: true }),
  /** The kernel's tick counter; how long a tick is depends on CONFIG_HZ. Since Linux 5.5. */
  jiffies64: helper('5.5', on.everything, {}, u64, { pure: true }),
  /** 32 pseudo-random bits; not for secrets. Since Linux 4.1. */
  get_prandom_u32: helper('4.1', on.everything, {}, u32, { pure: true }),
  /** The number of the CPU that runs the program, which stays on it to its end. Since Linux 4.1. */
  get_smp_processor_id: helper('4.1', on.everything, {}, u32, { pure: true }),
  /** The number of the memory node that the running CPU belongs to. Since Linux 4.10. */
  get_numa_node_id: helper('4.10', on.everything, {}, s64, { pure: true }),
} as const

/** What decides which code runs. */
export const control = {
  /**
   * Goes on with another program, the one at `index` of a `prog_array`, and does not come back; where there is none
   * (or after 33 jumps) the program goes on here, with a negative result. Since Linux 4.2.
   */
  tail_call: helper('4.2', on.everything, { ctx: context, map: mapOf('prog_array'), index: u32 }, s64, {
    moves: true,
  }),
  /**
   * Runs a function `count` times, at most 2^23, until it returns 1. The result is how often it has run, or -E2BIG.
   * Since Linux 5.17.
   */
  loop: helper('5.17', on.everything, { count: u32, body: callback, context: callbackContext, flags }, s64, {
    writes: ['context', 'packet', 'frame', 'map', 'kernel'],
  }),
  /**
   * Runs a function for every element of a map until it returns 1. The result is how many elements it has seen.
   * Since Linux 5.13.
   */
  for_each_map_elem: helper(
    '5.13',
    on.everything,
    { map: anyMap, body: callback, context: callbackContext, flags },
    s64,
    { writes: ['context', 'packet', 'frame', 'map', 'kernel'] },
  ),
  /**
   * The verdict that the attached programs before this one have left: 0, or the negative errno that the system call
   * will end with. Since Linux 5.18.
   */
  get_retval: helper('5.18', on.cgroupResult, {}, int, { pure: true }),
  /** Sets the negative errno that the system call will end with, or 0. 0, or -EINVAL. Since Linux 5.18. */
  set_retval: helper('5.18', on.cgroupResult, { result: int }, int),
} as const

/** Locks, timers and other things that live in map values. */
export const synchronisation = {
  /** Takes the spin lock in a map value; up to its release no call is allowed. Since Linux 5.1. */
  spin_lock: helper('5.1', on.everything, { lock: spinLock }, 'void', { writes: ['map'] }),
  /** Gives the spin lock back. Since Linux 5.1. */
  spin_unlock: helper('5.1', on.everything, { lock: spinLock }, 'void', { writes: ['map'] }),
  /**
   * Prepares the timer in a map value for a clock: CLOCK_MONOTONIC (1), CLOCK_REALTIME (0) or CLOCK_BOOTTIME (7).
   * 0; -EBUSY when that has been done before; -EPERM when no user-space process holds the map. Since Linux 5.15.
   */
  timer_init: helper('5.15', on.everything, { timer, map: anyMap, flags }, s64, {
    gpl: true,
    writes: ['map'],
  }),
  /** Says which function runs when the timer expires. 0, or -EINVAL before `timer_init`. Since Linux 5.15. */
  timer_set_callback: helper('5.15', on.everything, { timer, callback }, s64, { gpl: true, writes: ['map'] }),
  /**
   * Lets the timer expire in `nanoseconds`; flag 1 makes it a point in time instead, flag 2 keeps it on this CPU. 0,
   * or -EINVAL before `timer_init`. Since Linux 5.15.
   */
  timer_start: helper('5.15', on.everything, { timer, nanoseconds: u64, flags }, s64, {
    gpl: true,
    writes: ['map'],
  }),
  /**
   * Stops the timer and waits for its function, if that runs. 1 when it was ticking, 0 when not, -EDEADLK within its
   * own function. Since Linux 5.15.
   */
  timer_cancel: helper('5.15', on.everything, { timer }, s64, { gpl: true, writes: ['map'] }),
  /** Swaps a kernel object into a field of a map value; gives what was there, or null. Since Linux 5.19. */
  kptr_xchg: helper(
    '5.19',
    on.everything,
    { field: { kind: 'kptr field' }, object: { kind: 'kptr' } },
    acquiredOrNull(''),
    { writes: ['map'] },
  ),
  /** Where another CPU keeps a per-CPU variable of the kernel; null for a CPU that there is not. Since Linux 5.10. */
  per_cpu_ptr: helper('5.10', on.everything, { variable: perCpuObject, cpu: u32 }, memoryOrNull),
  /** Where this CPU keeps a per-CPU variable of the kernel. Since Linux 5.10. */
  this_cpu_ptr: helper('5.10', on.everything, { variable: perCpuObject }, memoryOrNull),
} as const

/** Strings. */
export const strings = {
  /**
   * Writes a line to the kernel's trace log (`/sys/kernel/tracing/trace_pipe`), with up to three numbers in it. How
   * many bytes, or a negative errno. `b.printk` checks the format. Since Linux 4.1.
   */
  trace_printk: helper('4.1', on.everything, { format: text, a: u64, b: u64, c: u64 }, s64, { gpl: true }),
  /** As `trace_printk`, with up to twelve numbers, which lie in an array. Since Linux 5.16. */
  trace_vprintk: helper('5.16', on.everything, { format: text, values: input }, s64, { gpl: true }),
  /**
   * Formats into `to`, always with a zero byte at the end. The bytes the whole text takes, that byte included, even
   * where it did not fit; or a negative errno. The format lies in read-only data. Since Linux 5.13.
   */
  snprintf: helper('5.13', on.everything, { to: output, format: bareText, values: input }, s64, {
    gpl: true,
  }),
  /**
   * Reads a number, with a sign perhaps, from the start of a text. `base` is 8, 10, 16, or 0 to go by the prefix. How
   * many characters it took; -EINVAL without a digit, -ERANGE. Since Linux 5.2.
   */
  strtol: helper('5.2', on.everything, { from: input, base: flags, result: outputOf(8) }, s64),
  /** As `strtol`, without sign. Since Linux 5.2. */
  strtoul: helper('5.2', on.everything, { from: input, base: flags, result: outputOf(8) }, s64),
  /**
   * Compares memory with a constant text, up to the first zero byte: below, at or above 0 as the memory sorts before,
   * equals, or sorts behind it. Since Linux 5.17.
   */
  strncmp: helper('5.17', on.everything, { memory: input, with: bareText }, s64),
  /** Formats a kernel object by its type, as C would write it, into `to`. Bytes, or a negative errno. Since Linux 5.10. */
  snprintf_btf: helper('5.10', on.everything, { to: output, what: input, flags }, s64),
  /** Formats into the file that an iterator writes. 0, or -EOVERFLOW: then it is called again. Since Linux 5.8. */
  seq_printf: helper('5.8', on.tracing, { file: seqFile, format: text, values: input }, s64, {
    gpl: true,
  }),
  /** Writes bytes into the file that an iterator writes. 0, or -EOVERFLOW. Since Linux 5.8. */
  seq_write: helper('5.8', on.tracing, { file: seqFile, from: input }, s64, { gpl: true }),
  /** Formats a kernel object by its type into the file that an iterator writes. Since Linux 5.10. */
  seq_printf_btf: helper('5.10', on.tracing, { file: seqFile, what: input, flags }, s64, {
    gpl: true,
  }),
} as const

/** What only programs of type `syscall` can do. */
export const systemCalls = {
  /** The system call bpf(2). Its result: a file descriptor, or a negative errno. Since Linux 5.14. */
  sys_bpf: helper('5.14', on.syscall, { command: u32, attr: output }, s64),
  /** Finds a type in the kernel's BTF: module's file descriptor in the upper half, id in the lower. Since Linux 5.14. */
  btf_find_by_name_kind: helper('5.14', on.syscall, { name: input, kind: u32, flags: int }, s64),
  /** Closes a file descriptor. 0, or a negative errno. Since Linux 5.14. */
  sys_close: helper('5.14', on.syscall, { fd: u32 }, s64),
  /** The address of a symbol of the kernel. 0, or -ENOENT. Since Linux 5.16. */
  kallsyms_lookup_name: helper('5.16', on.syscall, { name: input, flags: int, result: outputOf(8) }, s64),
} as const

/** Remote controls (`lirc_mode2`). */
export const remoteControl = {
  /** Reports that the last key is held down. Always 0. Since Linux 4.18. */
  rc_repeat: helper('4.18', on.lirc, { ctx: context }, int, { gpl: true }),
  /** Reports a key: its protocol, scan code, and a bit that changes between two presses. Always 0. Since Linux 4.18. */
  rc_keydown: helper('4.18', on.lirc, { ctx: context, protocol: u32, scancode: u64, toggle: u32 }, int, {
    gpl: true,
  }),
  /** Reports that a pointer has moved. Always 0. Since Linux 5.0. */
  rc_pointer_rel: helper('5.0', on.lirc, { ctx: context, x: int, y: int }, int, { gpl: true }),
} as const

/** Access to the memory of the kernel and of processes. */
export const foreignMemory = {
  /** Copies kernel memory from an address that need not be valid. 0, or -EFAULT, and zeroes. Since Linux 5.5. */
  probe_read_kernel: helper('5.5', on.everything, { to: output, from: address }, s64, { gpl: true }),
  /** Copies memory of the current process. 0, or -EFAULT where it is not in memory, and zeroes. Since Linux 5.5. */
  probe_read_user: helper('5.5', on.everything, { to: output, from: address }, s64, { gpl: true }),
  /**
   * Copies a text of the kernel up to its zero byte, which is always written. Bytes with that one, or a negative
   * errno. Since Linux 5.5.
   */
  probe_read_kernel_str: helper('5.5', on.everything, { to: output, from: address }, s64, { gpl: true }),
  /** As `probe_read_kernel_str`, from the current process. Since Linux 5.5. */
  probe_read_user_str: helper('5.5', on.everything, { to: output, from: address }, s64, { gpl: true }),
  /** Copies memory of kernel or process, whichever the address looks like: prefer the newer ones. Since Linux 4.1. */
  probe_read: helper('4.1', on.stackTraces, { to: output, from: address }, s64, { gpl: true }),
  /** Copies a text of kernel or process: prefer the newer ones. Since Linux 4.11. */
  probe_read_str: helper('4.11', on.stackTraces, { to: output, from: address }, s64, { gpl: true }),
  /** Overwrites memory of the current process; for experiments. 0, or a negative errno. Since Linux 4.8. */
  probe_write_user: helper('4.8', on.userWriters, { to: address, from: input }, s64, { gpl: true }),
  /** Copies memory of the current process and waits for it if need be; sleepable programs only. Since Linux 5.10. */
  copy_from_user: helper('5.10', on.everything, { to: output, from: address }, s64),
  /** As `copy_from_user`, from the process of a task. Since Linux 5.18. */
  copy_from_user_task: helper(
    '5.18',
    on.everything,
    { to: output, from: address, task: { kind: 'object', struct: 'task_struct' }, flags },
    s64,
    { gpl: true },
  ),
  /** The socket behind an open file, or null. Since Linux 5.11. */
  sock_from_file: helper(
    '5.11',
    on.typedTracing,
    { file: { kind: 'object', struct: 'file' } },
    objectOrNull('socket'),
  ),
} as const
