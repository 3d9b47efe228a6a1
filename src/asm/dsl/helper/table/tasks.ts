import { s32, s64, u32, u64 } from '../../../layout/scalar.ts'
import {
  callback,
  callbackContext,
  context,
  flags,
  helper,
  mapOf,
  object,
  output,
  outputOf,
} from './entry.ts'
import { on } from './program-sets.ts'

/** The task, user and cgroup on whose behalf the program runs. */
export const currentTask = {
  /** Thread group id (what user space calls the process id) in the upper half, thread id in the lower. Since Linux 4.2. */
  get_current_pid_tgid: helper('4.2', on.everything, {}, u64, { pure: true }),
  /** Group id in the upper half, user id in the lower. Since Linux 4.2. */
  get_current_uid_gid: helper('4.2', on.everything, {}, u64, { pure: true }),
  /** The task's name, at most 15 bytes and a zero byte, into `to`. 0, or -EINVAL. Since Linux 4.2. */
  get_current_comm: helper('4.2', on.everything, { to: output }, s64),
  /** The address of the `task_struct`, as a number: for `probe_read_kernel`. Since Linux 4.8. */
  get_current_task: helper('4.8', on.everything, {}, u64, { pure: true, gpl: true }),
  /** The `task_struct`, to be read directly. Since Linux 5.11. */
  get_current_task_btf: helper(
    '5.11',
    on.everything,
    {},
    { kind: 'object', struct: 'task_struct', acquired: false, nullable: false },
    { pure: true, gpl: true },
  ),
  /** The registers that a task entered the kernel with, a `pt_regs`. Since Linux 5.15. */
  task_pt_regs: helper(
    '5.15',
    on.everything,
    { task: object('task_struct') },
    { kind: 'object', struct: 'pt_regs', acquired: false, nullable: false },
    { pure: true, gpl: true },
  ),
  /** Process and thread id as seen from a pid namespace (its device and inode). 0, or -EINVAL. Since Linux 5.7. */
  get_ns_current_pid_tgid: helper('5.7', on.everything, { device: u64, inode: u64, to: output }, s64),
  /** The id of the task's cgroup (version 2). Since Linux 4.18. */
  get_current_cgroup_id: helper('4.18', on.everything, {}, u64, { pure: true }),
  /** The id of the cgroup's ancestor at a level; the root is 0. 0 where there is none. Since Linux 5.7. */
  get_current_ancestor_cgroup_id: helper('5.7', on.everything, { level: s32 }, u64, { pure: true }),
  /** Whether the task is in the cgroup at `index`, or below it: 1, 0, or a negative errno. Since Linux 4.9. */
  current_task_under_cgroup: helper('4.9', on.everything, { map: mapOf('cgroup_array'), index: u32 }, s64),
  /** Sends a signal to the process. 0, or a negative errno. Since Linux 5.3. */
  send_signal: helper('5.3', on.everything, { signal: u32 }, s64),
  /** Sends a signal to the thread. 0, or a negative errno. Since Linux 5.5. */
  send_signal_thread: helper('5.5', on.everything, { signal: u32 }, s64),
  /** Finds the mapping that holds an address of a task, and runs a function with it. 0, or -ENOENT. Since Linux 5.17. */
  find_vma: helper(
    '5.17',
    on.everything,
    { task: object('task_struct'), address: u64, body: callback, context: callbackContext, flags },
    s64,
    { writes: ['context', 'packet', 'frame', 'map', 'kernel'] },
  ),
} as const

/** Probes: what was called, from where, with what. */
export const probes = {
  /** The number of the stack trace here, in a map of them; or a negative errno. Since Linux 4.6. */
  get_stackid: helper('4.6', on.stackTraces, { ctx: context, map: mapOf('stack_trace'), flags }, s64, {
    gpl: true,
    writes: ['map'],
  }),
  /** The stack trace here, as addresses, into `to`. Bytes, or a negative errno. Since Linux 4.18. */
  get_stack: helper('4.18', on.stackTraces, { ctx: context, to: output, flags }, s64, { gpl: true }),
  /** The stack trace of a task, as addresses, into `to`. Bytes, or a negative errno. Since Linux 5.9. */
  get_task_stack: helper('5.9', on.everything, { task: object('task_struct'), to: output, flags }, s64),
  /** The address of the function that is traced, 0 elsewhere. Since Linux 5.15. */
  get_func_ip: helper('5.15', on.stackTraces, { ctx: context }, u64, { pure: true, gpl: true }),
  /** The number that user space has attached the program with. Since Linux 5.15. */
  get_attach_cookie: helper('5.15', on.attachCookie, { ctx: context }, u64, { pure: true }),
  /** Argument `n` of the traced function, from 0. 0, or -EINVAL. Since Linux 5.17. */
  get_func_arg: helper('5.17', on.trampolines, { ctx: context, n: u32, to: outputOf(8) }, s64),
  /** What the traced function has returned; `fexit` and `fmod_ret` only. 0, or -EOPNOTSUPP. Since Linux 5.17. */
  get_func_ret: helper('5.17', on.tracing, { ctx: context, to: outputOf(8) }, s64),
  /** How many arguments the traced function has. Since Linux 5.17. */
  get_func_arg_cnt: helper('5.17', on.trampolines, { ctx: context }, s64, { pure: true }),
  /** Lets the traced function return `result` without being run, where the kernel allows that. Since Linux 4.16. */
  override_return: helper('4.16', on.kprobes, { ctx: context, result: u64 }, s64, {
    gpl: true,
    writes: ['context'],
  }),
  /** Count of the event that runs the program, and how long it was enabled and ran. Since Linux 4.15. */
  perf_prog_read_value: helper('4.15', on.perfEvents, { ctx: context, to: output }, s64, { gpl: true }),
  /** The branches the CPU has recorded up to the event. Bytes, or a negative errno. Since Linux 5.6. */
  read_branch_records: helper('5.6', on.perfEvents, { ctx: context, to: output, flags }, s64, { gpl: true }),
  /** The branches the CPU has recorded up to here. Bytes, or a negative errno. Since Linux 5.16. */
  get_branch_snapshot: helper('5.16', on.everything, { to: output, flags }, s64, { gpl: true }),
  /** The path of a file as text, into `to`; in some functions only. Bytes, or a negative errno. Since Linux 5.10. */
  d_path: helper('5.10', on.typedTracing, { path: object('path'), to: output }, s64),
} as const

/** Decisions about security (`lsm`). */
export const security = {
  /** Sets how a program is being executed: flag 1 as if it were setuid. 0, or -EINVAL. Since Linux 5.11. */
  bprm_opts_set: helper('5.11', on.security, { bprm: object('linux_binprm'), flags }, s64),
  /** The hash that IMA has of an inode, into `to`. Its algorithm, or a negative errno. Since Linux 5.11. */
  ima_inode_hash: helper('5.11', on.security, { inode: object('inode'), to: output }, s64),
  /** The hash that IMA has of a file, computed if need be. Its algorithm, or a negative errno. Since Linux 5.18. */
  ima_file_hash: helper('5.18', on.security, { file: object('file'), to: output }, s64),
} as const
