import { array } from '../../asm/dsl/map/definition.ts'
import { rawTracepoint } from '../../asm/dsl/program/tracepoint.ts'
import { s64, u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

/** Calls by the number of the system call. */
export const systemCalls = array('system_calls', struct('calls', { count: u64 }), { maxEntries: 512 })

/** Counts the machine's system calls; one beyond the table is not counted. */
export const rawTracepointSyscalls = rawTracepoint(
  'syscalls',
  // TP_PROTO(struct pt_regs *regs, long id) in include/trace/events/syscalls.h
  { tracepoint: 'sys_enter', parameters: { registers: u64, number: s64 } },
  (b, { number }) => {
    const calls = b.lookup(systemCalls, number.toU32(), { otherwise: 0 })
    b.atomicAdd(calls, { count: 1 })
    b.return(0)
  },
)
